const loopbackIpv4 = /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/;

/** Whether a host is this machine; takes it as `URL.hostname` gives it: lower case, IPv4 in four parts, IPv6 in brackets. */
export function isLoopbackHost(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    loopbackIpv4.test(hostname)
  );
}
