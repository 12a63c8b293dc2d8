/** `NODE_TLS_REJECT_UNAUTHORIZED=0`, honoured with the warning that Node itself gives. */

let warned = false;

/** Whether the environment says that servers need not be verified. */
export function allowsUnauthorized(): boolean {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return false;
  if (!warned) {
    warned = true;
    process.emitWarning(
      "Setting the NODE_TLS_REJECT_UNAUTHORIZED environment variable to '0' makes TLS connections and HTTPS requests " +
        'insecure by disabling certificate verification.',
    );
  }
  return true;
}
