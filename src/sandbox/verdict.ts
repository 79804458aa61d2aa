import type { IncomingMessage } from 'node:http';
import { describeAccounts, isAuthorized } from './accounts.ts';
import { type Answer, badGatewayPage, errorAnswer, jsonAnswer, unauthorized } from './answers.ts';
import type { Assets } from './assets.ts';
import { type PartialBody, readBody, type WholeBody } from './body.ts';
import { type SendAnswer, sendCut, sendUnread } from './delivery.ts';
import type { FaultKind, FaultPlan } from './faults.ts';
import type { Route } from './routes.ts';
import { type ApiRevision, acceptUpload, imageLimitBytes, readUploadHead } from './upload.ts';

/** What a verdict depends on beside the request. */
export interface Circumstances {
  readonly api: ApiRevision;
  readonly assets: Assets;
  readonly faultPlan: FaultPlan;
  readonly retryAfterSeconds: number | undefined;
  readonly slowMs: number;
  readonly now: () => number;
}

/** What becomes of a request. */
export interface Verdict {
  readonly body: WholeBody | PartialBody;
  readonly fault?: FaultKind | undefined;
  /** Without one, the connection is reset. */
  readonly answer?: Answer;
  /** How the answer is sent, where not as usual. */
  readonly send?: SendAnswer;
  /** How long the answer stalls, beyond the latency of all answers. */
  readonly stallMs?: number;
}

/** Reads a request as far as its fault allows and decides what becomes of it; the fault is drawn before any wait. */
export async function reachVerdict(
  route: Route,
  request: IncomingMessage,
  circumstances: Circumstances,
): Promise<Verdict> {
  switch (route.kind) {
    case 'refused':
      return { body: await readBody(request, 0), answer: route.answer };
    case 'accounts': {
      const body = await readBody(request, 0);
      if (!isAuthorized(request.headers.authorization)) return { body, answer: unauthorized() };
      return { body, answer: jsonAnswer(200, describeAccounts(circumstances.now())) };
    }
    case 'upload':
      return judgeUpload(route.segment, request, circumstances);
  }
}

async function judgeUpload(
  segment: string,
  request: IncomingMessage,
  { api, assets, faultPlan, retryAfterSeconds, slowMs }: Circumstances,
): Promise<Verdict> {
  const head = readUploadHead(segment, request.headers);
  if ('status' in head) return { body: await readBody(request, 0), answer: head };

  const fault = faultPlan.next();
  if (fault === 'reset') return { fault, body: { size: 0 } };
  if (fault === 'early-401') return { fault, body: { size: 0 }, answer: unauthorized(), send: sendUnread };

  const body = await readBody(request, imageLimitBytes);
  if (body.sha256 === undefined) return { fault, body };

  switch (fault) {
    case '429': {
      const retryAfter: Record<string, string> =
        retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) };
      return { fault, body, answer: errorAnswer(429, 'At capacity, try again later', retryAfter) };
    }
    case '500':
      return { fault, body, answer: errorAnswer(500, 'Internal server error') };
    case '502-html':
      return { fault, body, answer: badGatewayPage() };
    case '596':
      return { fault, body, answer: errorAnswer(596, 'Session expired') };
  }

  const answer = acceptUpload(head, body, assets, api);
  switch (fault) {
    case 'reset-after-body':
      return { fault, body };
    case 'slow':
      return { fault, body, answer, stallMs: slowMs };
    case 'truncated-json':
      return { fault, body, answer, send: sendCut };
    case undefined:
      return { body, answer };
  }
}
