/** 127.0.0.0/8 and ::1; the former also as IPv6 writes it, `::ffff:127.0.0.1` or `::ffff:7f00:1`. */
const loopbackAddress =
  /^(?:(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}|::ffff:7f[\da-f]{2}:[\da-f]{1,4}|::1)$/;

/**
 * Whether a host is this machine: an address, or `localhost` itself. Names below `localhost` are looked up in DNS, so
 * they may be any machine.
 *
 * @param hostname as `URL.hostname` gives it: lower case, IPv4 in four parts, IPv6 in brackets
 */
export function isLoopbackHost(hostname: string): boolean {
  return hostname === 'localhost' || isLoopbackAddress(hostname.replace(/^\[(.*)\]$/, '$1'));
}

/** Whether an IP address, as a socket gives it, is this machine's own. */
export function isLoopbackAddress(address: string | undefined): boolean {
  return address !== undefined && loopbackAddress.test(address);
}
