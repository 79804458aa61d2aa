// What undici needs of node:http, which takes Node two milliseconds to load. The size is Node's default, in bytes.
exports.maxHeaderSize = 16_384;
exports.IncomingMessage = class IncomingMessage {};
