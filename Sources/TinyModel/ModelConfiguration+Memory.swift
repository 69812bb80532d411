package import TinyCheckpoint
package import TinyFoundation
internal import TinyTensor

// The memory that computing with a model of this shape takes: engines divide work by it and plan with it.
extension ModelConfiguration {
    /// Bytes that the keys and values of one sequence of `length` positions take.
    package func cacheBytes(length: Int, _ arithmetic: Arithmetic) -> Int {
        let pages = length / AttentionKernels.pageLength + (length % AttentionKernels.pageLength == 0 ? 0 : 1)
        return pages * layerCount * keyValueHeadCount
            * AttentionKernels.pageBytes(format: arithmetic.format, width: headDimension)
    }

    /// Bytes of logits that a pass keeps for its backward pass at most. It never keeps a part of them.
    package static let keptLogitBytes = 512 << 20

    /// Bytes that the forward pass keeps of one row for the backward pass, its keys and values included.
    ///
    /// - Parameter rank: Rank of the low-rank change; `nil` without one.
    package func recordBytes(rank: Int?) -> Int { 4 * (layerCount * recordedNumbers(rank: rank) + passNumbers) }

    /// The same where only the input of each layer is kept, beside keys, values and their gradients, and one layer's record at a time.
    ///
    /// - Parameter rank: Rank of the low-rank change; `nil` without one.
    package func layerInputBytes(rank: Int?) -> Int {
        let perLayer = hiddenSize + 4 * keyValueHeadCount * headDimension
        return 4 * (layerCount * perLayer + recordedNumbers(rank: rank) + passNumbers + hiddenSize + intermediateSize)
    }

    /// Numbers that a layer keeps of one row, its keys and values included.
    private func recordedNumbers(rank: Int?) -> Int {
        let query = headCount * headDimension, keyValue = keyValueHeadCount * headDimension
        let narrow = (rank ?? 0) * ModuleKind.allCases.count
        let normed = ModelFamily(of: self).normalisesHeads ? query + keyValue + headCount + keyValueHeadCount : 0
        return 2 * hiddenSize + 2 * query + 4 * keyValue + 2 * headCount + 2 * intermediateSize + narrow + 2 + normed
    }

    /// Numbers of one row that a pass holds outside its layers' records.
    private var passNumbers: Int { 4 * hiddenSize + 3 * intermediateSize }
}
