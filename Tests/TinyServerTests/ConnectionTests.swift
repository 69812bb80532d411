#if Serve
    import Synchronization
    import Testing
    import TinyServer

    /// Other tests may keep the machine busy for minutes, so the limit of time is for what hangs, not for what is slow.
    @Suite("A connection", .timeLimit(.minutes(15)))
    struct ConnectionTests {
        private static let path = "/v1/completions"

        private func head(_ length: Int, _ headers: [String] = []) -> String {
            (["POST \(Self.path) HTTP/1.1", "Host: 127.0.0.1", "Content-Length: \(length)"] + headers + ["", ""])
                .joined(separator: "\n")
        }

        private func listener(_ settings: ServerSettings = ServerSettings()) throws -> HTTPListener {
            var listener = try HTTPListener(ServerFixture.shared.get().server(settings), host: "127.0.0.1", port: 0)
            listener.endTime = .milliseconds(200)
            return listener
        }

        @Test("is closed when a body takes too long, however it arrives")
        func slowBody() async throws {
            var settings = ServerSettings()
            settings.timeout = .milliseconds(300)
            try await withListener(listener(settings)) { port in
                let connection = try RawConnection(port: port)
                connection.send(head: head(1_000_000), body: "{")
                let (_, isClosed) = try await connection.receive(meanwhile: { connection.send(head: " ") })
                #expect(isClosed)
            }
        }

        @Test("gets an error that does not depend on the body before the body is sent")
        func earlyErrors() async throws {
            var settings = ServerSettings()
            settings.token = "secret"
            settings.bodyLimit = 1000
            let token = "Authorization: Bearer secret", wait = "Expect: 100-continue"
            try await withListener(listener(settings)) { port in
                for (length, headers, status) in [
                    (10, [], 401), (10, [token, "Origin: http://example.com"], 403), (1001, [token], 413),
                    (1001, [token, wait], 413), (10, [token, wait], 100),
                ] {
                    let connection = try RawConnection(port: port)
                    connection.send(head: head(length, headers))
                    let (text, isClosed) = try await connection.receive(until: { $0.contains("\r\n\r\n") })
                    #expect(text.hasPrefix("HTTP/1.1 \(status) ") && !isClosed, "\(status): \(text)")
                    if length == 10, status != 100 {
                        // The body is read past, and the connection goes on.
                        connection.send(head: "", body: "0123456789")
                        connection.send(head: "GET /health HTTP/1.1\nHost: 127.0.0.1\n\n")
                        let next = try await connection.receive(until: { $0.contains("HTTP/1.1 200 ") })
                        #expect(next.text.contains("HTTP/1.1 200 "), "\(next.text)")
                    }
                    guard status == 100 else { continue }
                    connection.send(head: "", body: "[1234567]")
                    connection.send(head: "", body: " ")
                    let answer = try await connection.receive(until: { $0.contains("HTTP/1.1 400 ") })
                    #expect(answer.text.contains("HTTP/1.1 400 "), "\(answer.text)")
                }
            }
        }

        @Test("is closed when its client does not take the next piece of a stream in time")
        func slowReader() async throws {
            var settings = ServerSettings()
            settings.timeout = .milliseconds(300)
            settings.waitingLimit = 4096
            // The repeated prompts alone are more than the system's buffers take.
            let prompts = [String](repeating: String(repeating: " apples", count: 200), count: 20)
            let body = #"{"prompt": \#(prompts), "n": 128, "max_tokens": 1, "stream": true, "echo": true}"#
            try await withListener(listener(settings)) { port in
                let reader = try RawConnection(port: port, receiveBuffer: 4096)
                reader.send(head: head(body.utf8.count), body: body)
                let given = #"tinylora_broken_streams_total{code="client_closed_request"} 1"#
                while try await !fetched(ServerRequest("GET", "/metrics"), port: port).text.contains(given) {
                    try await Task.sleep(for: .milliseconds(10))
                }
                let (text, isClosed) = try await reader.receive()
                #expect(text.hasPrefix("HTTP/1.1 200") && !text.hasSuffix("0\r\n\r\n") && isClosed)
            }
        }

        @Test("whose client neither sends nor reads does not keep the server from its end")
        func stalledClients() async throws {
            let prompts = [String](repeating: String(repeating: " apples", count: 200), count: 4)
            let body = """
                {"prompt": \(prompts), "n": 128, "max_tokens": 8, "ignore_eos": true, "stream": true, "logprobs": 20, \
                "return_tokens_as_token_ids": true}
                """
            let open = Mutex<[RawConnection]>([])
            // No other limit ends these connections.
            var settings = ServerSettings()
            settings.timeout = .seconds(3600)
            var listener = try listener(settings)
            listener.bodyTime = settings.timeout
            try await withListener(listener) { port in
                let sender = try RawConnection(port: port)
                sender.send(head: head(100), body: "{")
                // More than the system's buffers take.
                let reader = try RawConnection(port: port, receiveBuffer: 4096)
                reader.send(head: head(body.utf8.count), body: body)
                let done = "tinylora_generated_tokens_total \(4 * 128 * 8)\n"
                while try await !fetched(ServerRequest("GET", "/metrics"), port: port).text.contains(done) {
                    try await Task.sleep(for: .milliseconds(10))
                }
                open.withLock { $0 = [sender, reader] }
            }
            // The server has ended while both connections are open.
            #expect(open.withLock(\.count) == 2)
        }
    }
#endif
