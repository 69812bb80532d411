public import TinyFoundation

/// What went wrong with a plan, a factorisation or an adapter file.
///
/// Thrown before any step is taken; the command prints `message` and `hint` and ends. A run does not survive it.
/// A cache of factors never throws: what it cannot read is computed again.
public typealias AdapterError = CodedError<AdapterErrorCode>

/// The codes of ``AdapterError``.
public enum AdapterErrorCode: Sendable {
    /// A plan asks for something that does not exist, such as rank 0 or more groups than modules.
    case invalidPlan
    /// The number of values differs from the plan's number of parameters, or a value is not finite.
    case invalidValues
    /// A weight holds NaN or infinity, or its singular triplets did not converge.
    case factorisationFailed
    /// The file is not an adapter, or contradicts itself.
    case malformedFile
    /// The file was made by a scheme or version that this program does not know.
    case unsupportedVersion
    /// An adapter of another tool does something that this package cannot apply.
    case unsupportedFeature
    /// A text is no adapter code, or a character of it is wrong.
    case malformedCode
    /// An adapter code cannot hold the adapter.
    case notEncodable
    /// The adapter belongs to another base model.
    case differentBaseModel
    /// The system could not read or write a file.
    case inputOutput
}
