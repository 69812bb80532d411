public import TinyFoundation

/// A checkpoint cannot be read or written.
///
/// The command prints it and exits; a run does not continue after it.
public typealias CheckpointError = CodedError<CheckpointErrorCode>

/// The codes of ``CheckpointError``.
public enum CheckpointErrorCode: Sendable {
    /// The file or directory is missing or the system refused to read it.
    case unreadable
    /// The file ends before the data it promises.
    case truncatedFile
    /// The file's own description of its contents is wrong.
    case malformedHeader
    /// No file of the checkpoint holds the tensor.
    case missingTensor
    /// A tensor that the model would not use, or a second one of the same name.
    case unusedTensor
    /// A tensor's shape is not the one the model needs, or its data do not fill its shape.
    case shapeMismatch
    /// A tensor is stored in a type that is not read.
    case unsupportedType
    /// The model belongs to a family that is not implemented.
    case unsupportedArchitecture
    /// The configuration asks for arithmetic that is not implemented.
    case unsupportedFeature
    /// A configuration file is not JSON, lacks a key or has an impossible value.
    case malformedConfiguration
    /// The tensors given to a writer do not make a file.
    case invalidTensors
    /// The system refused to write.
    case unwritable
}

/// Reports an error of a file operation as a ``CheckpointError``.
func withCheckpointErrors<Result>(_ body: () throws(FileError) -> Result) throws(CheckpointError) -> Result {
    do {
        return try body()
    } catch {
        let code: CheckpointErrorCode =
            switch error.code {
            case .unreadable: .unreadable
            case .truncatedFile: .truncatedFile
            case .malformedFile: .malformedConfiguration
            case .unwritable, .directoryInUse: .unwritable
            }
        throw CheckpointError(code, error)
    }
}
