import Foundation
import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTensor
import TinyTestSupport

@Suite("models in GGUF files compute")
struct GGUFModelTests {
    private let file: Checkpoint
    private let folder: Checkpoint
    private let team = WorkerTeam(threads: 1)

    init() throws {
        file = try Checkpoint(directory: fixtures(of: "gguf").appendingPathComponent("model.gguf").path)
        folder = try Checkpoint(directory: fixtures(of: "gguf").appendingPathComponent("model").path)
    }

    @Test("the bits of the same weights in a directory, rounded to bf16, norms and biases too")
    func sameBits() throws {
        let tokens = (0..<70).map { $0 * 7 % 97 }
        let logits = try [file, folder].map { checkpoint in
            try checkpoint.requireParameters()
            return bits(try LanguageModel(checkpoint).logits(tokens, team: team))
        }
        #expect(logits[0] == logits[1])
    }

    @Test("in float32 with the values as they are decoded")
    func decodedValues() throws {
        let tokens = [1, 2, 3, 4, 5]
        let decoded = try LanguageModel(file, arithmetic: .float32).logits(tokens, team: team)
        let rounded = try LanguageModel(folder, arithmetic: .float32).logits(tokens, team: team)
        #expect(bits(decoded) != bits(rounded))
        // bf16 keeps 8 bits: rounding every weight moves logits of this size by a few hundredths.
        for (a, b) in zip(values(decoded), values(rounded)) { #expect((a - b).magnitude < 0.2) }
        let values = try file.configuration.parameterShapes.flatMap { try file.tensor($0.name, $0.shape).floats() }
        let listed = try LanguageModel(file.configuration, values: values, arithmetic: .float32)
        #expect(bits(listed.logits(tokens, team: team)) == bits(decoded))
    }

    private func values(_ matrix: Matrix) -> [Float] {
        (0..<matrix.rows).flatMap { row in (0..<matrix.columns).map { matrix.row(row)[$0] } }
    }

    private func bits(_ matrix: Matrix) -> [UInt32] { values(matrix).map(\.bitPattern) }
}
