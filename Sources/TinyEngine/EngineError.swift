public import TinyFoundation

/// Why a policy cannot answer. The caller's records are safe; nothing was changed.
public typealias EngineError = CodedError<EngineErrorCode>

/// The codes of ``EngineError``.
public enum EngineErrorCode: Sendable {
    /// A prompt is empty, or leaves no room in the model's context.
    case promptLength
    /// A token id is outside the vocabulary.
    case unknownToken
    /// The adapter has another number of parameters than the policy's method, or there is no method.
    case adapterMismatch
    /// A sampling parameter is out of its range.
    case invalidSampling
    /// A loss gave another number of weights than there are scored tokens.
    case weightCount
    /// The model's logits are infinite or not numbers.
    case notFinite
    /// A session ended without a completion for each sample.
    case missingCompletion
    /// Too many samples wait in a ``SharedSession``.
    case busy
    /// A request was not complete when its time had passed.
    case timedOut
    /// A ``SharedSession`` was closed.
    case closed
}
