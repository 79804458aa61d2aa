// What undici holds to be true of itself, in place of node:assert, which takes Node longer to load than to check.
module.exports = (value, message = 'undici: an assertion failed') => {
  if (!value) {
    throw message instanceof Error ? message : new Error(message);
  }
};
