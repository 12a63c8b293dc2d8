# An echo server on em-websocket; what it does besides is in ../peers.ts.

require 'em-websocket'

$stdout.sync = true

EM.run do
  server = EM::WebSocket.start(host: '127.0.0.1', port: 0) do |connection|
    connection.onmessage do |text|
      case text
      when 'please close' then connection.close(4001, 'as you wish')
      when 'please ping' then connection.ping('are you there?')
      else connection.send_text(text)
      end
    end
    connection.onbinary { |bytes| connection.send_binary(bytes) }
    connection.onpong { |data| connection.send_text("pong: #{data}") }
  end
  puts "listening on #{Socket.unpack_sockaddr_in(EM.get_sockname(server)).first}"
end
