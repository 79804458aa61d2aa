// What the command needs of undici: a client of one connection, and how it connects. undici's main module puts
// `request` on every dispatcher in the same way.
const dispatcher = require('undici/lib/dispatcher/dispatcher.js');
dispatcher.prototype.request = require('undici/lib/api/api-request.js');

exports.Client = require('undici/lib/dispatcher/client.js');
exports.buildConnector = require('undici/lib/core/connect.js');
