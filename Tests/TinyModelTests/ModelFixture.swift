import Foundation
import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTensor

/// One of the models under `Tests/Fixtures` and what PyTorch says about it. The schema is in `Tests/Fixtures/README.md`.
struct ModelFixture {
    static let names = ["qwen2-tied", "qwen2-untied", "qwen2-tied-bf16", "llama", "qwen3", "smollm3", "mistral"]
    static let team = WorkerTeam(threads: 1)

    struct Expected: Decodable {
        struct Module: Decodable {
            let name: String
            let group: Int
        }
        struct Sequence: Decodable {
            let tokens: [Int]
        }
        let temperature: Double
        let rank: Int
        let loraRank: Int
        let loraAlpha: Double
        let modules: [Module]
        let sequences: [Sequence]
    }

    let checkpoint: Checkpoint
    let model: LanguageModel
    let expected: Expected
    private let arrays: SafetensorsFile

    init(_ name: String, _ arithmetic: Arithmetic = .float32) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appending(path: "Fixtures/\(name)")
        checkpoint = try Checkpoint(directory: folder.path)
        model = try LanguageModel(checkpoint, arithmetic: arithmetic)
        expected = try JSONDecoder().decode(
            Expected.self, from: Data(contentsOf: folder.appending(path: "expected.json")))
        arrays = try SafetensorsFile(path: folder.appending(path: "expected.safetensors").path)
    }

    /// An expected array, or `nil` where the schema has none.
    func array(_ name: String) throws -> [Float]? {
        guard arrays.tensors[name] != nil else { return nil }
        return try arrays.withBytes(of: name) { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: Float.self) }
        }
    }

    /// Tokens of sequence `index`.
    func tokens(_ index: Int) -> [Int] { expected.sequences[index].tokens }

    /// The low-rank change of the fixture, at non-zero v.
    func change() throws -> LowRankChange {
        let modules = model.configuration.modules
        let factors = try modules.map { module in
            ModuleFactors(
                a: try #require(try array("lowRank.A.\(module.name)")),
                b: try #require(try array("lowRank.B.\(module.name)")))
        }
        return LowRankChange(
            factors: LowRankFactors(rank: expected.rank, modules: modules, factors: factors),
            mixing: try #require(try array("lowRank.mixing")))
    }
}

extension ModelFixture {
    /// A and B of every module, with alpha / rank between them.
    func loraChange() throws -> LowRankChange {
        let modules = model.configuration.modules, rank = expected.loraRank
        let factors = try modules.map { module in
            ModuleFactors(
                a: try #require(try array("lora.\(module.name).lora_A")),
                b: try #require(try array("lora.\(module.name).lora_B")))
        }
        let scale = Float(expected.loraAlpha / Double(rank))
        return LowRankChange(
            factors: LowRankFactors(rank: rank, modules: modules, factors: factors),
            mixing: modules.flatMap { _ in (0..<rank * rank).map { $0 % (rank + 1) == 0 ? scale : 0 } })
    }
}

/// Largest difference divided by the largest magnitude expected: the measure of the fixtures' tolerances.
func relativeDifference(_ found: [Float], _ expected: [Float]) -> Float {
    guard found.count == expected.count else { return .infinity }
    let scale = expected.map(\.magnitude).max() ?? 0
    let difference = zip(found, expected).map { ($0 - $1).magnitude }.max() ?? 0
    return scale == 0 ? difference : difference / scale
}
