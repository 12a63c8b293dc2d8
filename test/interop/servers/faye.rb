# An echo server on faye-websocket for Ruby, served by Puma; what it does besides is in ../peers.ts.

require 'faye/websocket'
require 'puma'

$stdout.sync = true

echo = lambda do |environment|
  connection = Faye::WebSocket.new(environment, ['echo'])
  connection.on :message do |event|
    case event.data
    when 'please close' then connection.close(4001, 'as you wish')
    when 'please ping' then connection.ping('are you there?') { connection.send('pong: are you there?') }
    else connection.send(event.data)
    end
  end
  connection.rack_response
end

server = Puma::Server.new(echo, Puma::Events.null)
server.add_tcp_listener('127.0.0.1', 0)
puts "listening on #{server.connected_ports.first}"
server.run.join
