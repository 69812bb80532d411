import Foundation
import Testing
import TinyCheckpoint
import TinyFoundation

/// A safetensors file with this header, true or not, followed by `dataCount` bytes 0, 1, 2, …
func safetensors(header: String, dataCount: Int) -> Data {
    var file = Data()
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { file.append(contentsOf: $0) }
    file.append(contentsOf: header.utf8)
    file.append(contentsOf: (0..<dataCount).map { UInt8(truncatingIfNeeded: $0) })
    return file
}

/// A model of one layer with the sizes 8 · 4 · 6, whose weights a test may choose.
let smallConfiguration = ModelConfiguration(
    vocabularySize: 8, hiddenSize: 4, intermediateSize: 6, layerCount: 1, headCount: 2, keyValueHeadCount: 1,
    ropeTheta: 1_000_000, contextLength: 32, tiesEmbeddings: true, beginningOfText: 0, endOfText: [1])

/// Two tensors for `smallConfiguration`; not a whole model, which this target would not know.
let smallTensors = [
    TensorToWrite(
        name: "model.embed_tokens.weight", shape: [8, 4], floats: (0..<32).map { Float($0) / 8 }, type: .bfloat16),
    TensorToWrite(name: "model.norm.weight", shape: [4], floats: [1, 2, 3, 4], type: .bfloat16),
]
