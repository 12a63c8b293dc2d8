# An echo server on Mojolicious; what it does besides is in ../peers.ts. It accepts compression at /deflate only.
use Mojolicious::Lite -signatures;
use Mojo::Server::Daemon;
use Mojo::WebSocket qw(WS_PING WS_PONG);

app->log->level('warn');

sub echo ($c) {
  my $tx = $c->tx;
  $tx->max_websocket_size(4 * 1024 * 1024);
  $tx->with_protocols('echo');
  $c->inactivity_timeout(0);
  $c->on(binary => sub ($c, $bytes) { $c->send({binary => $bytes}) });
  $c->on(
    text => sub ($c, $bytes) {
      if    ($bytes eq 'please close') { $c->finish(4001, 'as you wish') }
      elsif ($bytes eq 'please ping')  { $c->send([1, 0, 0, 0, WS_PING, 'are you there?']) }
      else                             { $c->send({text => $bytes}) }
    }
  );
  $tx->on(frame => sub ($tx, $frame) { $tx->send("pong: $frame->[5]") if $frame->[4] == WS_PONG });
}

websocket '/' => \&echo;
websocket '/deflate' => sub ($c) {
  $c->tx->with_compression;
  echo($c);
};

my $daemon = Mojo::Server::Daemon->new(app => app, listen => ['http://127.0.0.1'], silent => 1);
$daemon->start;
$| = 1;
print 'listening on ', $daemon->ports->[0], "\n";
$daemon->run;
