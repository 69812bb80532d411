import Foundation
import Testing
import TinyRemote
import TinyTestSupport

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// One request over a connection of its own.
@Suite("an exchange without TLS") struct PlainExchangeTests {
    private func answer(
        _ reply: HTTPServer.Reply, silence: Duration = .seconds(10), longestBody: Int = 1 << 30
    ) async throws -> PlainExchange.Answer {
        let server = try HTTPServer { _ in reply }
        defer { withExtendedLifetime(server) {} }
        let url = try #require(URL(string: server.endpoint + "/a%20b?c=1"))
        return try await PlainExchange(URLRequest(url: url), silence: silence, longestBody: longestBody).answer()
    }

    private func failure(_ body: () async throws -> Void) async -> String {
        do { try await body() } catch let error as ServerFailure { return error.message } catch { return "\(error)" }
        return "none"
    }

    @Test("reads bodies of known length, in chunks, and up to the end of the connection")
    func reads() async throws {
        let text = Data("some text".utf8)
        let whole = try await answer(.init(status: 429, headers: ["Retry-After": " 3 "], body: text))
        #expect(whole.status == 429 && whole.headers["retry-after"] == "3" && whole.body == text)
        var reply = HTTPServer.Reply(body: text)
        reply.isLengthHidden = true
        #expect(try await answer(reply).body == text)
        reply.headers["Transfer-Encoding"] = "chunked"
        reply.body = Data("5\r\nsome \r\n4;note\r\ntext\r\n0\r\n\r\n".utf8)
        #expect(try await answer(reply).body == text)
        let large = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
        #expect(try await answer(.init(body: large)).body == large)
    }

    @Test("sends method, path, headers and body, and asks for the end of the connection")
    func sends() async throws {
        let server = try HTTPServer { .init(body: $0.body) }
        var request = URLRequest(url: try #require(URL(string: server.endpoint + "/v1/a%20b?c=1")))
        request.httpMethod = "POST"
        request.httpBody = Data(repeating: 65, count: 200_000)
        request.setValue("Bearer x", forHTTPHeaderField: "Authorization")
        #expect(try await PlainExchange(request, silence: .seconds(10)).answer().body == request.httpBody)
        let asked = try #require(server.requests.first)
        #expect(asked.target == "/v1/a%20b?c=1" && asked.headers["authorization"] == "Bearer x")
        #expect(asked.headers["connection"] == "close" && asked.headers["host"] == "127.0.0.1:\(server.port)")
    }

    @Test("an answer that ends early, is none, or does not come is a failure")
    func fails() async throws {
        let body = Data("some text".utf8)
        #expect(
            await failure { _ = try await answer(.init(body: body, cut: 4)) } == "the connection ended within an answer"
        )
        #expect(
            await failure {
                _ = try await answer(.init(headers: ["Transfer-Encoding": "chunked"], body: Data("x\r\n".utf8)))
            }
                == "the server does not speak HTTP")
        let server = try HTTPServer { _ in
            Thread.sleep(forTimeInterval: 2)
            return .init()
        }
        let late = PlainExchange(
            URLRequest(url: try #require(URL(string: server.endpoint))), silence: .milliseconds(200))
        #expect(await failure { _ = try await late.answer() } == "no answer in time")
        let nowhere = PlainExchange(
            URLRequest(url: try #require(URL(string: "http://127.0.0.1:9"))), silence: .seconds(1))
        #expect(await failure { _ = try await nowhere.answer() } == "Connection refused")
    }

    @Test("an answer longer than what is taken is a failure, however its length is told")
    func tooLong() async throws {
        let text = Data("some text".utf8)
        var hidden = HTTPServer.Reply(body: text), chunked = hidden, impossible = hidden
        hidden.isLengthHidden = true
        chunked.isLengthHidden = true
        chunked.headers["Transfer-Encoding"] = "chunked"
        chunked.body = Data("5\r\nsome \r\n4\r\ntext\r\n0\r\n\r\n".utf8)
        impossible = chunked
        impossible.body = Data("5\r\nsome \r\n7fffffffffffffff\r\ntext\r\n".utf8)
        for reply in [.init(body: text), hidden, chunked] {
            #expect(try await answer(reply, longestBody: 9).body == text)
            #expect(
                await failure { _ = try await answer(reply, longestBody: 8) }
                    == "the server's answer has more than 8 bytes")
        }
        #expect(
            await failure { _ = try await answer(impossible, longestBody: 1 << 20) }
                == "the server's answer has more than 1048576 bytes")
    }

    @Test("the system asks after a silent machine for two minutes")
    func keepsAlive() {
        #if os(Linux)
            let kind = Int32(SOCK_STREAM.rawValue), idle = TCP_KEEPIDLE
        #else
            let kind = SOCK_STREAM, idle = TCP_KEEPALIVE
        #endif
        let descriptor = socket(AF_INET, kind, 0), transport = Int32(IPPROTO_TCP)
        defer { close(descriptor) }
        PlainExchange.keepAlive(descriptor)
        func value(_ level: Int32, _ option: Int32) -> Int32 {
            var value: Int32 = -1, size = socklen_t(MemoryLayout<Int32>.size)
            getsockopt(descriptor, level, option, &value, &size)
            return value
        }
        #expect(value(SOL_SOCKET, SO_KEEPALIVE) != 0)
        let seconds = value(transport, idle) + value(transport, TCP_KEEPINTVL) * value(transport, TCP_KEEPCNT)
        #expect(seconds == 120)
    }

    @Test("a request that nobody waits for ends at once, and hundreds at a time all end")
    func cancels() async throws {
        let server = try HTTPServer { request in
            Thread.sleep(forTimeInterval: request.path == "/slow" ? 30 : 0.05)
            return .init(body: Data("ok".utf8))
        }
        let slow = URLRequest(url: try #require(URL(string: server.endpoint + "/slow")))
        let task = Task { try await PlainExchange(slow, silence: .seconds(60)).answer() }
        try await Task.sleep(for: .milliseconds(100))
        task.cancel()
        #expect(await failure { _ = try await task.value } != "none")
        let quick = URLRequest(url: try #require(URL(string: server.endpoint + "/quick")))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<300 {
                group.addTask { try await PlainExchange(quick, silence: .seconds(60)).answer().body.count }
            }
            return try await group.reduce(0, +)
        }
        #expect(count == 600)
    }
}
