// From a file that describes a run or a sweep to typed settings, and from a sweep to the runs that are due.
//
// This target does not know: models, policies, processes, terminals, and where runs are kept. It reads files that people
// write; everything else about it is pure.

public import TinyFoundation

/// Why a file describes no run or no sweep.
///
/// Thrown before any work. Messages begin with the place, `recipe.yaml:3` or the flag, and name the key and its value.
public typealias RecipeError = CodedError<RecipeErrorCode>

/// The codes of ``RecipeError``.
public enum RecipeErrorCode: Sendable {
    /// The file cannot be read.
    case unreadable
    /// The text is not YAML, or not of the form that a file of this kind has.
    case malformed
    /// A key that no setting has.
    case unknownKey
    /// A key that is there twice.
    case duplicateKey
    /// A key that must be there is not.
    case missingKey
    /// A value of the wrong kind or outside its range.
    case invalidValue
}
