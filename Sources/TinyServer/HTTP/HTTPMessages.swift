internal import Foundation
internal import TinyFoundation

/// A request as the routes see it.
public struct ServerRequest: Sendable {
    /// Such as `GET`.
    public var method: String
    /// Without the query.
    public var path: String
    /// By name in lower case.
    public var headers: [String: String]
    /// The whole body.
    public var body: [UInt8]

    /// Makes a request from its parts.
    public init(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8] = []) {
        self.method = method
        self.path = path
        self.headers = headers
        self.body = body
    }
}

/// What the routes answer.
public struct ServerResponse: Sendable {
    /// Bytes that are sent.
    public enum Body: Sendable {
        /// All at once.
        case whole([UInt8])
        /// Piece by piece, as they are asked for. To stop reading is to give up the answer.
        case stream(AsyncStream<[UInt8]>)
    }

    /// The HTTP status.
    public var status: Int
    /// In lower case.
    public var headers: [String: String]
    /// What is sent.
    public var body: Body

    /// Makes a response from its parts.
    public init(status: Int = 200, headers: [String: String] = [:], body: Body) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    /// A text of some type.
    static func text(_ text: String, type: String, status: Int = 200) -> ServerResponse {
        ServerResponse(status: status, headers: ["content-type": type], body: .whole(Array(text.utf8)))
    }

    /// A JSON text.
    static func json(_ value: JSONValue, status: Int = 200) -> ServerResponse {
        ServerResponse(
            status: status, headers: ["content-type": "application/json"], body: .whole(value.compactText))
    }
}

extension JSONValue {
    /// The value on one line, keys in alphabetical order. What JSON cannot say, such as infinity, becomes null.
    var compactText: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? Array(encoder.encode(self))) ?? Array("null".utf8)
    }
}
