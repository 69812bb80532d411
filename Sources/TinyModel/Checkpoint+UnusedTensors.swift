internal import Foundation
package import TinyCheckpoint
import TinyFoundation

extension Checkpoint {
    /// Refuses a checkpoint with tensors that the model of its configuration would not use: it would compute another function
    /// than the one that was trained.
    ///
    /// `rotary_emb.inv_freq`, which old versions of transformers stored, follows from the configuration and is ignored. A head
    /// beside tied embeddings is read and must hold the same values; transformers 4 ties them, transformers 5 keeps the file's.
    ///
    /// - Throws: ``CheckpointError`` with code `unusedTensor` naming the tensors, or `missingTensor` for a head that is neither
    ///   stored nor tied.
    package func refuseUnusedTensors() throws(CheckpointError) {
        if !configuration.tiesEmbeddings, !contains(ParameterRole.head.name), contains(ParameterRole.embedding.name) {
            throw CheckpointError(
                .missingTensor, "\(directory) has no tensor \(ParameterRole.head.name)",
                hint: "if the head is the embedding table, set tie_word_embeddings to true in config.json")
        }
        var used = Set(configuration.parameterShapes.map(\.name))
        let head = ParameterRole.head.name, embedding = ParameterRole.embedding.name
        if configuration.tiesEmbeddings, contains(head) {
            let shape = [configuration.vocabularySize, configuration.hiddenSize]
            guard try tensor(head, shape).hasSameValues(as: tensor(embedding, shape)) else {
                throw CheckpointError(
                    .unusedTensor,
                    "tie_word_embeddings is true in \(directory), but \(head) has other values than \(embedding)",
                    hint:
                        "set tie_word_embeddings to false in config.json to use \(head), or remove it to use \(embedding)"
                )
            }
            used.insert(head)
        }
        let unused = tensorNames.filter { !used.contains($0) && !$0.hasSuffix("rotary_emb.inv_freq") }
        guard !unused.isEmpty else { return }
        let shown = unused.prefix(Self.mostNames).joined(separator: ", ")
        let more = unused.count > Self.mostNames ? " and \(unused.count - Self.mostNames) more" : ""
        let beyond = unused.contains { name in
            name.hasPrefix("model.layers.")
                && (Int(name.split(separator: ".", omittingEmptySubsequences: false)[2]) ?? 0)
                    >= configuration.layerCount
        }
        throw CheckpointError(
            .unusedTensor,
            "\(directory) has \(unused.count == 1 ? "a tensor" : "tensors") that the model does not use: \(shown)\(more)",
            hint: beyond
                ? "num_hidden_layers is \(configuration.layerCount) in config.json"
                : "a \(configuration.architecture.rawValue) model has no such \(unused.count == 1 ? "tensor" : "tensors")"
        )
    }

    private static let mostNames = 4
}

extension CheckpointTensor {
    /// Whether both have the same numbers, in whatever type they are stored.
    fileprivate func hasSameValues(as other: CheckpointTensor) -> Bool {
        guard type != nil, type == other.type else { return floats() == other.floats() }
        return withBytes { mine in
            other.withBytes { theirs in
                guard let first = mine.baseAddress, let second = theirs.baseAddress else {
                    return mine.count == theirs.count
                }
                return mine.count == theirs.count && memcmp(first, second, mine.count) == 0
            }
        }
    }
}
