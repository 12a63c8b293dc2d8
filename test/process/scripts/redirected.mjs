// Opens a connection, which its peer redirects, and waits for its end.

import { connect } from 'hawser';

const connection = await connect(process.argv[2]);
await connection.closed;
