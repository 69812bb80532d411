internal import Foundation
package import TinyCheckpoint
package import TinyFoundation
import TinyTensor

extension Checkpoint {
    /// Checks that the files have every parameter of the model in its shape, and refuses tensors that the model would not use: it
    /// would compute another function than the one that was trained. Reads no weight but those of a head beside tied embeddings.
    ///
    /// `rotary_emb.inv_freq`, which old versions of transformers stored, follows from the configuration and is ignored. A head
    /// beside tied embeddings is read and must hold the same values; transformers 4 ties them, transformers 5 keeps the file's.
    ///
    /// - Throws: ``CheckpointError`` naming the tensor that is missing, has another shape or would not be used.
    package func requireParameters() throws(CheckpointError) {
        if let error = disagreements.first { throw error }
        for parameter in configuration.parameterShapes { _ = try tensor(parameter.name, parameter.shape) }
    }

    /// Bytes of all weights in the form that a ``LanguageModel`` computes with, at most: all matrices count as fp32 where one is
    /// packed so. Follows from shapes and stored types; no weight is read.
    ///
    /// - Throws: ``CheckpointError`` naming the tensor that is missing or has another shape.
    package func packedByteCount(_ arithmetic: Arithmetic) throws(CheckpointError) -> Int {
        let source = try CheckpointSource(checkpoint: self, arithmetic: arithmetic)
        let parameters = configuration.parameterShapes, matrices = parameters.filter(\.isMatrix)
        let format = try WeightReader(source: source, arithmetic: arithmetic).format(of: matrices)
        let vectors = parameters.reduce(0) { $0 + ($1.isMatrix ? 0 : 4 * $1.count) }
        return matrices.reduce(vectors) { $0 + format.byteCount(outputs: $1.shape[0], inputs: $1.shape[1]) }
    }

    /// What ``requireParameters()`` refuses beside parameters that are missing or have other shapes: all of it.
    package var disagreements: [CheckpointError] { [missingHead, otherHead, unusedTensors].compactMap(\.self) }

    private var missingHead: CheckpointError? {
        guard !configuration.tiesEmbeddings, !contains(ParameterRole.head.name), contains(ParameterRole.embedding.name)
        else { return nil }
        return CheckpointError(
            .missingTensor, "\(directory) has no tensor \(ParameterRole.head.name)",
            hint: "if the head is the embedding table, set tie_word_embeddings to true in config.json")
    }

    private var otherHead: CheckpointError? {
        let head = ParameterRole.head.name, embedding = ParameterRole.embedding.name
        guard configuration.tiesEmbeddings, contains(head) else { return nil }
        do throws(CheckpointError) {
            let shape = [configuration.vocabularySize, configuration.hiddenSize]
            if try tensor(head, shape).hasSameValues(as: tensor(embedding, shape)) { return nil }
        } catch {
            return error
        }
        return CheckpointError(
            .unusedTensor,
            "tie_word_embeddings is true in \(directory), but \(head) has other values than \(embedding)",
            hint: "set tie_word_embeddings to false in config.json to use \(head), or remove it to use \(embedding)")
    }

    private var unusedTensors: CheckpointError? {
        var used = Set(configuration.parameterShapes.map(\.name))
        if configuration.tiesEmbeddings { used.insert(ParameterRole.head.name) }
        let unused = tensorNames.filter { !used.contains($0) && !$0.hasSuffix("rotary_emb.inv_freq") }
        guard !unused.isEmpty else { return nil }
        let beyond = unused.contains { name in
            name.hasPrefix("model.layers.")
                && (Int(name.split(separator: ".", omittingEmptySubsequences: false)[2]) ?? 0)
                    >= configuration.layerCount
        }
        return CheckpointError(
            .unusedTensor,
            "\(directory) has \(unused.count == 1 ? "a tensor" : "tensors") that the model does not use: "
                + shortList(unused),
            hint: beyond
                ? "num_hidden_layers is \(configuration.layerCount) in config.json"
                : "a \(configuration.architecture.rawValue) model has no such \(unused.count == 1 ? "tensor" : "tensors")"
        )
    }
}

/// The first names, and how many more there are.
package func shortList(_ names: [String]) -> String {
    let most = 4
    return names.prefix(most).joined(separator: ", ") + (names.count > most ? " and \(names.count - most) more" : "")
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
