public import Foundation
public import TinyFoundation

/// The address of an engine's server, such as `http://127.0.0.1:8000`, and how to speak with it.
public struct ServerAddress: Sendable, Hashable, CustomStringConvertible {
    /// Scheme, host and port, with a path before those of the protocol where there is one.
    public let url: URL
    /// Sent as `Authorization: Bearer …`; `nil` sends none.
    public var token: String?

    /// Reads an address. A last `/v1`, which OpenAI's clients want, is left out: the paths of the protocol begin with it.
    ///
    /// - Throws: ``RemoteError`` with code `invalidAddress`.
    public init(_ text: String, token: String? = nil) throws(RemoteError) {
        var trimmed = text.hasSuffix("/") ? String(text.dropLast()) : text
        if trimmed.hasSuffix("/v1") { trimmed.removeLast(3) }
        guard let url = URL(string: trimmed), url.scheme == "http" || url.scheme == "https",
            url.host?.isEmpty == false, url.query == nil, url.fragment == nil
        else {
            throw RemoteError(
                .invalidAddress, "\"\(text)\" is not the address of a server",
                hint: "write it as http://127.0.0.1:8000")
        }
        self.url = url
        self.token = token
    }

    /// The address, without the token.
    public var description: String { url.absoluteString }
}
