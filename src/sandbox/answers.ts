/** An answer before it is sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** An answer with a JSON body. */
export function jsonAnswer(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return { status, headers: { 'content-type': 'application/json', ...headers }, text: JSON.stringify(value) };
}

/** An answer that says what is wrong, in the API's form `{ "error": "…" }`. */
export function errorAnswer(status: number, error: string, headers?: Record<string, string>): Answer {
  return jsonAnswer(status, { error }, headers);
}

/** The 401 of a token that is missing or has not the right form. */
export function unauthorized(): Answer {
  return errorAnswer(401, 'Unauthorized');
}

/** The page a CDN shows in place of a service that does not answer it. */
export function badGatewayPage(): Answer {
  return {
    status: 502,
    headers: { 'content-type': 'text/html; charset=UTF-8', server: 'cloudflare' },
    text: `<!DOCTYPE html>
<html lang="en-US">
<head><title>sandbox | 502: Bad gateway</title></head>
<body>
<h1>Bad gateway <span>Error code 502</span></h1>
<p>The web server reported a bad gateway error. Please try again in a few minutes.</p>
<p>Cloudflare Ray ID: <strong>0000000000000000</strong></p>
</body>
</html>
`,
  };
}
