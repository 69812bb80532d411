public import TinyAdapter
import TinyCheckpoint
import TinyFoundation

extension ModelText {
    /// Writes an adapter of all weights as a model directory of its own, with the tokenizer's files. Such a directory does
    /// not say in which arithmetic the weights were trained.
    ///
    /// - Throws: `CheckpointError`, or ``RunError`` when the adapter holds anything but all weights.
    public func write(_ adapter: AdapterFile, asModel directory: String) throws {
        guard adapter.design.holdsAllWeights else {
            throw RunError(
                .unusableModel, "an adapter of \(adapter.design) is not a model")
        }
        try writeModel(adapter.tensors, to: directory)
    }

    /// Writes tensors as a model like this one, with its other files.
    func writeModel(_ tensors: [TensorToWrite], to directory: String) throws {
        try CheckpointWriter.write(tensors, of: checkpoint, to: directory)
        try writeTokenizer(to: directory)
    }
}
