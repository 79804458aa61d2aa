import { type Answer, errorAnswer } from './answers.ts';

/** Where every address of the API begins. */
export const apiPath = '/v1/dreamina';

/** What a request asks for; `segment` is the account as it stands in the path, still percent-encoded. */
export type Route =
  | { readonly kind: 'upload'; readonly segment: string }
  | { readonly kind: 'accounts' }
  | { readonly kind: 'refused'; readonly answer: Answer };

/** Finds the route of a request by its raw path; a query is part of the path, as no address of the API has one. */
export function findRoute(method: string, path: string): Route {
  const upload = /^\/v1\/dreamina\/assets\/([^/?#]+)$/.exec(path);
  if (upload) {
    return method === 'POST' ? { kind: 'upload', segment: upload[1]! } : wrongMethod(method, 'POST');
  }
  if (path === `${apiPath}/accounts`) {
    return method === 'GET' ? { kind: 'accounts' } : wrongMethod(method, 'GET');
  }
  return { kind: 'refused', answer: errorAnswer(404, `Unknown path: ${path}`) };
}

function wrongMethod(method: string, allow: string): Route {
  const answer = errorAnswer(405, `Method ${method} not allowed here: use ${allow}`, { allow });
  return { kind: 'refused', answer };
}
