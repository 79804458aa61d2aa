// What undici needs of node:http, which takes Node longer to load than the rest of the client.
exports.maxHeaderSize = 16_384;
exports.IncomingMessage = class IncomingMessage {};
