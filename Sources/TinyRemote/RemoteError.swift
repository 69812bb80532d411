// Engines in other processes: a sampler that is an OpenAI-compatible server, a learner that answers over HTTP.
//
// This target does not know: problems, rewards, losses, run files, text. It sends token ids and an adapter's parameters, and
// checks that what comes back belongs to that adapter.

public import TinyFoundation

/// Why an engine in another process cannot be used.
public typealias RemoteError = CodedError<RemoteErrorCode>

/// The codes of ``RemoteError``.
public enum RemoteErrorCode: Sendable {
    /// What was given is no address of HTTP.
    case invalidAddress
    /// No server answered for as long as was to be waited.
    case unreachable
    /// A server refused a request.
    case refused
    /// An answer is not what its protocol says.
    case invalidAnswer
    /// The engine cannot do what the run needs.
    case unsupported
    /// Its log-probabilities are not those of the adapter, or of the model.
    case disagreement
}
