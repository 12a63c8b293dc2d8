// An echo server on gorilla/websocket; what it does besides is in ../peers.ts.
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

var upgrader = websocket.Upgrader{EnableCompression: true, Subprotocols: []string{"echo"}}

func echo(response http.ResponseWriter, request *http.Request) {
	connection, err := upgrader.Upgrade(response, request, nil)
	if err != nil {
		return
	}
	defer connection.Close()
	connection.SetPongHandler(func(data string) error {
		return connection.WriteMessage(websocket.TextMessage, []byte("pong: "+data))
	})
	for {
		kind, message, err := connection.ReadMessage()
		if err != nil {
			return
		}
		deadline := time.Now().Add(time.Second)
		switch string(message) {
		case "please close":
			body := websocket.FormatCloseMessage(4001, "as you wish")
			err = connection.WriteControl(websocket.CloseMessage, body, deadline)
		case "please ping":
			err = connection.WriteControl(websocket.PingMessage, []byte("are you there?"), deadline)
		default:
			err = connection.WriteMessage(kind, message)
		}
		if err != nil {
			return
		}
	}
}

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("listening on", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, http.HandlerFunc(echo)))
}
