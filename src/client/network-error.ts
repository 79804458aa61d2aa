import { ApiError } from '../errors.ts';

/** Why a peer's certificate is not trusted, by Node's error code; another attempt meets the same. */
const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another host',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not trusted here',
};

const connectionProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ECONNRESET: 'the connection was closed before an answer',
  EPIPE: 'the connection was closed before an answer',
  UND_ERR_SOCKET: 'the connection was closed before an answer',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up right now',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is not as long as it says',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too long',
};

/** Turns what a socket, TLS or the HTTP parser throws into the failure of a request to `host`. */
export function toNetworkError(error: unknown, host: string): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const code = errorCode(error);
  const certificateProblem = certificateProblems[code];
  if (certificateProblem !== undefined) {
    return new ApiError('network', `${host} is not trusted: ${certificateProblem}`, {
      retryable: false,
      hint: 'If that is your own proxy or server, name its CA file in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.',
      cause: error,
    });
  }
  // undici does not pass on Node's code, HPE_….
  const isUnreadable = (error as Error).name === 'HTTPParserError' || code.startsWith('HPE_');
  const problem = isUnreadable
    ? 'the answer is not HTTP'
    : (connectionProblems[code] ?? `the connection failed${code === '' ? '' : ` (${code})`}`);
  return new ApiError('network', `${host}: ${problem}`, { cause: error });
}

/** The first code along an error's causes; of several addresses, the first one's. */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0) {
    return errorCode(error.errors[0]);
  }
  if (!(error instanceof Error)) {
    return '';
  }
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : errorCode(error.cause);
}
