// Connects to a server whose certificate an authority of one's own has signed: trusted with `ca`, refused without it, and
// connected to again without a whole handshake. The certificates are made for the program; yours come from files.

import { once } from 'node:events';
import { createServer } from 'node:https';
import { CertificateError, connect } from 'hawser';
import { WebSocketServer } from 'ws';
import { makeCertificates } from '../bench/certificates.mjs';

const { ca, cert, key } = await makeCertificates();
const server = createServer({ cert, key });
new WebSocketServer({ server }).on('connection', (socket) => {
  socket.on('message', (data) => socket.send(`${data}, hello`));
});
await once(server.listen(0, '127.0.0.1'), 'listening');
const url = `wss://localhost:${server.address().port}`;

try {
  await connect(url);
} catch (error) {
  if (!(error instanceof CertificateError)) throw error;
  console.log(`without its authority: ${error.code}`);
}

// Equal options share what was made of them, and the sessions to resume.
const tls = { ca, minVersion: 'TLSv1.3' };
for (const who of ['first', 'second']) {
  const connection = await connect(url, { tls });
  await connection.send(who);
  console.log(await connection.recv());
  const { protocol, cipher, resumed, peerCertificate } = connection.tls;
  console.log(`${protocol}, ${cipher.standardName}, ${peerCertificate.subjectAltName}${resumed ? ', resumed' : ''}`);
  await connection.close();
}
server.close();
