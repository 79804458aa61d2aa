import { describeErrno, isOutOfHandles } from '../errno.ts';
import { ApiError } from '../errors.ts';

const caAdvice =
  'If that is your own proxy or server, name its CA file in NODE_EXTRA_CA_CERTS or SSL_CERT_FILE.';
const clockAdvice =
  "Check this machine's clock; if it is right, the owner of that server must renew the certificate.";
const hostAdvice = 'Check the host name in apiUrl or in the address of the proxy.';
const memoryAdvice =
  'Give this program more memory: a limit such as that of ulimit -v or of a container is too low.';
const ownerAdvice = 'The owner of that server must replace the certificate.';

const malformed = 'is malformed';
const forAnotherHost = 'is for another host';
const untrusted = 'comes from an authority that is not trusted here';

/**
 * Problems with a peer's certificate, and advice, by Node's error code; a retry would meet the same problem. Lists
 * every code of https://nodejs.org/api/tls.html#x509-certificate-error-codes, and that of a wrong host name.
 */
const certificateProblems: Readonly<Record<string, readonly [problem: string, advice: string]>> = {
  CERT_CHAIN_TOO_LONG: ['has too many authorities above it', ownerAdvice],
  CERT_HAS_EXPIRED: ['has expired', clockAdvice],
  CERT_NOT_YET_VALID: ['is not valid yet', clockAdvice],
  CERT_REJECTED: ['is rejected for this use', ownerAdvice],
  CERT_REVOKED: ['was revoked', ownerAdvice],
  CERT_SIGNATURE_FAILURE: ['has a wrong signature', ownerAdvice],
  CERT_UNTRUSTED: ['comes from an authority that is not trusted for this use', caAdvice],
  CRL_HAS_EXPIRED: ['has a revocation list that has expired', clockAdvice],
  CRL_NOT_YET_VALID: ['has a revocation list that is not valid yet', clockAdvice],
  CRL_SIGNATURE_FAILURE: ['has a revocation list with a wrong signature', ownerAdvice],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['is self-signed', caAdvice],
  ERROR_IN_CERT_NOT_AFTER_FIELD: [malformed, ownerAdvice],
  ERROR_IN_CERT_NOT_BEFORE_FIELD: [malformed, ownerAdvice],
  ERROR_IN_CRL_LAST_UPDATE_FIELD: [malformed, ownerAdvice],
  ERROR_IN_CRL_NEXT_UPDATE_FIELD: [malformed, ownerAdvice],
  ERR_TLS_CERT_ALTNAME_FORMAT: [malformed, ownerAdvice],
  ERR_TLS_CERT_ALTNAME_INVALID: [forAnotherHost, hostAdvice],
  HOSTNAME_MISMATCH: [forAnotherHost, hostAdvice],
  INVALID_CA: ['comes from an issuer that is not a certificate authority', ownerAdvice],
  INVALID_PURPOSE: ["or its issuer's must not be used for this purpose", ownerAdvice],
  OUT_OF_MEM: ['could not be checked: there is not enough memory', memoryAdvice],
  PATH_LENGTH_EXCEEDED: ['has a longer chain than its authorities allow', ownerAdvice],
  SELF_SIGNED_CERT_IN_CHAIN: [untrusted, caAdvice],
  UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY: ['comes from an issuer whose key cannot be read', ownerAdvice],
  UNABLE_TO_DECRYPT_CERT_SIGNATURE: ['has a signature that cannot be read', ownerAdvice],
  UNABLE_TO_DECRYPT_CRL_SIGNATURE: [
    'has a revocation list with a signature that cannot be read',
    ownerAdvice,
  ],
  UNABLE_TO_GET_CRL: ['has no revocation list', ownerAdvice],
  UNABLE_TO_GET_ISSUER_CERT: [untrusted, caAdvice],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: [untrusted, caAdvice],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: [untrusted, caAdvice],
};

/** Failures to connect that every request would meet: the host is unknown, down or unreachable. */
const unreachableProblems: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the connection was refused',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up right now',
  EAI_FAIL: 'the host name cannot be looked up',
  EAI_NODATA: 'the host name has no address',
  EAI_NONAME: 'the host name is not known',
  EHOSTDOWN: 'the host is down',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETDOWN: 'the network is down',
  ENETUNREACH: 'the network cannot be reached',
};

/** The codes of a connection that the peer or the network closed. */
const closedCodes = ['ECONNABORTED', 'ECONNRESET', 'ENETRESET', 'ENOTCONN', 'EPIPE', 'UND_ERR_SOCKET'];

const connectionProblems: Readonly<Record<string, string>> = {
  ...unreachableProblems,
  ...Object.fromEntries(closedCodes.map((code) => [code, 'the connection was closed before an answer'])),
  EADDRNOTAVAIL: 'this machine has no free port for a connection',
  EPROTO: 'the TLS connection failed',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer is not as long as it says',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too long',
};

/** Converts an error of a request to `host`; retryable only if the network failed. */
export function toNetworkError(error: unknown, host: string): ApiError {
  if (error instanceof ApiError) {
    return error;
  }
  const code = errorCode(error);
  const certificateProblem = findCertificateProblem(error as Error, code);
  if (certificateProblem !== undefined) {
    const [problem, hint] = certificateProblem;
    return new ApiError('network', `${host} is not trusted: its certificate ${problem}`, {
      retryable: false,
      hint,
      cause: error,
    });
  }
  const problem = describeConnectionProblem(error, code);
  if (problem !== undefined) {
    return new ApiError('network', `${host}: ${problem}`, {
      isUnreachable: Object.hasOwn(unreachableProblems, code),
      cause: error,
    });
  }
  const retryable = isOutOfHandles(error);
  return new ApiError('network', `the request could not be made: ${ownWords(error)}`, {
    retryable,
    hint: retryable ? undefined : adviseOnOwn(error, code),
    cause: error,
  });
}

/** Whether the peer or the network closed the connection. */
export function isClosedConnection(error: unknown): boolean {
  return closedCodes.includes(errorCode(error));
}

function findCertificateProblem({ message }: Error, code: string) {
  // Node has no codes for the other reasons of OpenSSL, such as a key that is too weak.
  return code === 'UNSPECIFIED'
    ? ([`is refused (${message})`, ownerAdvice] as const)
    : certificateProblems[code];
}

function describeConnectionProblem(error: unknown, code: string): string | undefined {
  // undici does not pass on Node's code, HPE_….
  if ((error as Error).name === 'HTTPParserError' || code.startsWith('HPE_')) {
    return 'the answer is not HTTP';
  }
  return (
    connectionProblems[code] ??
    (/^ERR_(?:SSL|TLS)_/.test(code) ? `the TLS connection failed (${code})` : undefined)
  );
}

function adviseOnOwn(error: unknown, code: string): string {
  return code === 'ENOMEM' || /\bmemory\b/i.test(String(error))
    ? memoryAdvice
    : 'The problem is on this machine, not in the network.';
}

function ownWords(error: unknown): string {
  const { syscall, message } = error as NodeJS.ErrnoException;
  return syscall === undefined && message !== '' ? message : describeErrno(error);
}

/** The first code along an error's causes. */
function errorCode(error: unknown): string {
  if (!(error instanceof Error)) {
    return '';
  }
  const { code } = error as NodeJS.ErrnoException;
  return typeof code === 'string' ? code : errorCode(error.cause);
}
