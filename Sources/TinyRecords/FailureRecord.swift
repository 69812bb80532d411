/// Why a run ended before its last step: `failure.json` of its directory. A run that continues or succeeds has none.
public struct FailureRecord: Record {
    /// What happened, in one sentence.
    public var error: String
    /// What to try, when the cause is known.
    public var hint: String?
    /// Steps that are done and safe.
    public var step: Int
    /// The exit status, such as `1`, or the signal, such as `SIGKILL`, that the process ended with.
    public var exit: String

    /// Makes a record from its parts.
    public init(error: String, hint: String? = nil, step: Int, exit: String) {
        self.error = error
        self.hint = hint
        self.step = step
        self.exit = exit
    }
}
