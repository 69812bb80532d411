public import Foundation
public import TinyFoundation

/// Where the hub and its cache are, from the environment variables that huggingface_hub reads.
///
/// | variable | means |
/// |---|---|
/// | `HF_ENDPOINT` | address of the hub; `https://huggingface.co` unless given |
/// | `HF_TOKEN`, or the file `HF_TOKEN_PATH` or `HF_HOME/token` | token that is sent to the hub, and to no other host |
/// | `HF_HUB_CACHE` | the cache; `HF_HOME/hub` unless given |
/// | `HF_HOME` | `$XDG_CACHE_HOME/huggingface` or `~/.cache/huggingface` unless given |
/// | `HF_HUB_OFFLINE` | `1`, `ON`, `YES` or `TRUE`: nothing is fetched |
public struct HubSettings: Sendable {
    /// Address of the hub, without a slash at the end.
    public var endpoint: String
    /// Proves who asks; `nil` asks as nobody.
    public var token: String?
    /// Directory of the cache.
    public var cache: String
    /// Whether nothing may be fetched.
    public var isOffline: Bool
    /// What to do about failures that pass.
    public var retries = RetryPolicy()
    /// The most bytes that are asked for at once. What arrives faster than the disk takes it is held in memory, so that this
    /// is also a limit of memory.
    public var pieceSize = 128 << 20

    /// Settings by name.
    ///
    /// - Throws: ``HubError`` with code `invalidSetting` for an address or a token that cannot be used.
    public init(
        endpoint: String = "https://huggingface.co", token: String? = nil, cache: String, isOffline: Bool = false
    ) throws(HubError) {
        var address = endpoint[...]
        while address.last == "/" { address = address.dropLast() }
        guard let url = URL(string: String(address)), url.isWeb else {
            throw HubError(
                .invalidSetting, "HF_ENDPOINT is \"\(endpoint)\", expected an address such as https://huggingface.co")
        }
        // A line feed in a header would begin another header.
        if let token, token.isEmpty || !token.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) {
            throw HubError(.invalidSetting, "the hub's token has characters that no token has", hint: "see HF_TOKEN")
        }
        self.endpoint = String(address)
        self.token = token
        self.cache = cache
        self.isOffline = isOffline
    }

    /// Settings of a process.
    ///
    /// - Throws: ``HubError`` with code `invalidSetting` for an address or a token that cannot be used.
    public init(environment: [String: String] = ProcessInfo.processInfo.environment) throws(HubError) {
        func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        let home = value("HF_HOME") ?? (value("XDG_CACHE_HOME") ?? "~/.cache") + "/huggingface"
        let cache = value("HF_HUB_CACHE") ?? value("HUGGINGFACE_HUB_CACHE") ?? home + "/hub"
        let tokenFile = expanded(value("HF_TOKEN_PATH") ?? home + "/token")
        let token = value("HF_TOKEN") ?? FileManager.default.contents(atPath: tokenFile).map { text($0) }
        let trimmed = token?.trimmingCharacters(in: .whitespacesAndNewlines)
        let offline = value("HF_HUB_OFFLINE") ?? value("TRANSFORMERS_OFFLINE") ?? ""
        try self.init(
            endpoint: value("HF_ENDPOINT") ?? "https://huggingface.co", token: trimmed == "" ? nil : trimmed,
            cache: expanded(cache), isOffline: ["1", "ON", "YES", "TRUE"].contains(offline.uppercased()))
    }
}

/// What to do about failures that pass: a connection that ends, a server that is busy.
public struct RetryPolicy: Sendable {
    /// How often to ask for the same bytes; starts anew whenever a transfer moved on.
    public var attempts = 5
    /// The wait before the second attempt; each further one is twice as long.
    public var firstDelay = Duration.seconds(1)
    /// The longest wait. A hub that asks for a longer one is an error.
    public var longestDelay = Duration.seconds(60)
    /// How long a connection may be silent.
    public var silence = Duration.seconds(60)

    /// Five attempts, after 1, 2, 4 and 8 seconds.
    public init() {}

    /// The wait after the given number of failed attempts.
    func delay(afterFailures count: Int) -> Duration {
        min(firstDelay * (1 << max(0, min(count - 1, 20))), longestDelay)
    }
}

extension URL {
    /// Whether this is an address of HTTP with a host.
    var isWeb: Bool { (scheme == "https" || scheme == "http") && host?.isEmpty == false }

    /// Whether both are the same server: scheme, host and port.
    func isOnServer(of other: URL) -> Bool {
        scheme == other.scheme && host?.lowercased() == other.host?.lowercased() && serverPort == other.serverPort
    }

    private var serverPort: Int { port ?? (scheme == "https" ? 443 : 80) }
}

private func text(_ data: Data) -> String { String(decoding: data, as: UTF8.self) }

private func expanded(_ path: String) -> String { (path as NSString).expandingTildeInPath }
