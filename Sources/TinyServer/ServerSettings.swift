/// What a server allows.
public struct ServerSettings: Sendable {
    /// What clients send as `Authorization: Bearer …`; `nil` lets everyone in, and answers requests for this machine's own names
    /// only.
    public var token: String?
    /// Web pages of other servers that may use this one, such as `https://example.org`.
    public var origins: [String] = []
    /// Where adapters are read from; `nil` allows adapter codes only.
    public var adapterDirectory: String?
    /// Most samples that wait for their first token.
    public var waitingLimit = 1024
    /// Most samples that get a token in one pass; more gain little once the products are full.
    public var runningLimit = 256
    /// Bytes of keys and values that all running samples may need.
    public var cacheBytes = 2 << 30
    /// How long an answer may take.
    public var timeout = Duration.seconds(600)
    /// Bytes of a request.
    public var bodyLimit = 8 << 20
    /// Largest rank of an adapter with frozen factors, whose memory grows with it.
    public var largestRank = 64
    /// Random seed of the requests that name none, each of which gets numbers of its own.
    public var seed: UInt64 = 0

    /// The settings that suit one machine.
    public init() {}
}
