/// How engines in other processes are spoken with. None of it changes a result.
public struct RemoteSettings: Sendable {
    /// How long to try again while no engine answers.
    public var patience = Duration.seconds(600)
    /// How long one answer may take.
    public var silence = Duration.seconds(3600)
    /// Upper limit of the wait before an engine is asked again, unless it asks for a longer one.
    package var longestWait = Duration.seconds(15)
    /// Told, as sentences, when an engine is lost and when it is back.
    public var note: @Sendable (String) -> Void = { _ in }
    /// Told of each comparison with the engine of this process.
    public var checked: @Sendable (Agreement) -> Void = { _ in }

    /// Ten minutes of patience, an hour for an answer.
    public init() {}
}
