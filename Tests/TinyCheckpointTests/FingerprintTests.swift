import Foundation
import Testing
import TinyTestSupport
import TinyCheckpoint
import TinyFoundation

@Suite("Fingerprints")
struct FingerprintTests {
    private func fingerprint(
        _ configuration: ModelConfiguration = smallConfiguration, _ tensors: [TensorToWrite] = smallTensors
    ) throws -> String {
        var result = ""
        try withTemporaryDirectory { directory in
            try CheckpointWriter.write(configuration: configuration, tensors: tensors, to: directory)
            result = try Checkpoint(directory: directory).fingerprint()
        }
        return result
    }

    /// The digest is what a few lines of Python make of the scheme's description.
    @Test("the scheme has not changed: adapters name their base model by it")
    func scheme() throws {
        #expect(
            try fingerprint()
                == "sha256:25f4fdd89977bcbea71d8acf031f0660744fde7d4e93a64b0bbffcff64781db6")
    }

    @Test("does not depend on order, sharding, metadata, context length or special tokens")
    func independence() throws {
        let expected = try fingerprint()
        #expect(try fingerprint(smallConfiguration, smallTensors.reversed()) == expected)
        var configuration = smallConfiguration
        configuration.contextLength = 99
        configuration.endOfText = []
        #expect(try fingerprint(configuration) == expected)
        try withTemporaryDirectory { directory in
            try writeSharded(smallTensors, to: directory)
            #expect(try Checkpoint(directory: directory).fingerprint() == expected)
        }
    }

    @Test("a model has one name with and without the prefix that its tensors have in a model of text and images")
    func prefix() throws {
        for prefix in ["model.language_model.", "language_model.model."] {
            let tensors = [
                TensorToWrite(
                    name: prefix + "embed_tokens.weight", shape: [8, 4], floats: (0..<32).map { Float($0) / 8 },
                    type: .bfloat16),
                TensorToWrite(name: prefix + "norm.weight", shape: [4], floats: [1, 2, 3, 4], type: .bfloat16),
            ]
            #expect(try fingerprint(smallConfiguration, tensors) == fingerprint())
        }
    }

    @Test("a stored head counts only where it is used")
    func head() throws {
        let head = TensorToWrite(name: "lm_head.weight", shape: [1], floats: [1], type: .bfloat16)
        #expect(try fingerprint(smallConfiguration, smallTensors + [head]) == fingerprint())
        var untied = smallConfiguration
        untied.tiesEmbeddings = false
        #expect(try fingerprint(untied, smallTensors + [head]) != fingerprint(untied))
        #expect(try fingerprint(untied) != fingerprint())
    }

    @Test("depends on every name, type, shape, byte and constant")
    func dependence() throws {
        var seen: Set<String> = [try fingerprint()]
        func norm(
            _ name: String = "model.norm.weight", _ shape: [Int] = [4], _ last: Float = 4,
            _ type: ElementType = .bfloat16
        )
            -> [TensorToWrite]
        {
            [smallTensors[0], TensorToWrite(name: name, shape: shape, floats: [1, 2, 3, last], type: type)]
        }
        for changed in [
            norm("model.norm.weighs"), norm("model.norm.weight", [2, 2]), norm("model.norm.weight", [4], 5),
            norm("model.norm.weight", [4], 4, .float32), [smallTensors[0]],
        ] {
            #expect(seen.insert(try fingerprint(smallConfiguration, changed)).inserted)
        }
        var configuration = smallConfiguration
        configuration.ropeTheta = 10_000
        #expect(seen.insert(try fingerprint(configuration)).inserted)
        configuration = smallConfiguration
        configuration.normEpsilon = 1e-5
        #expect(seen.insert(try fingerprint(configuration)).inserted)
        configuration = smallConfiguration
        configuration.keyValueHeadCount = 2
        #expect(seen.insert(try fingerprint(configuration)).inserted)
        configuration = smallConfiguration
        for scaling in [
            RotaryScaling.linear(factor: 2), .linear(factor: 3), .yarn(.init(factor: 2, originalContextLength: 8)),
            .yarn(.init(factor: 2, originalContextLength: 8, truncates: false)),
        ] {
            configuration.ropeScaling = scaling
            #expect(seen.insert(try fingerprint(configuration)).inserted)
        }
        for architecture in ModelConfiguration.Architecture.allCases where architecture != .qwen2 {
            configuration = smallConfiguration
            configuration.architecture = architecture
            if architecture == .smollm3 { configuration.layersWithoutRotary = [0] }
            #expect(seen.insert(try fingerprint(configuration)).inserted)
        }
    }

    @Test("a tensor longer than one piece counts to its last byte")
    func largeTensor() throws {
        let count = 9 << 20  // 18 MiB, more than one piece of 16
        func prints(lastByte: UInt8) throws -> String {
            var bytes = Data(count: 2 * count)
            bytes[2 * count - 1] = lastByte
            let tensor = TensorToWrite(name: "a", shape: [count], bytes: bytes, type: .bfloat16)
            return try fingerprint(smallConfiguration, [tensor])
        }
        #expect(try prints(lastByte: 0) != prints(lastByte: 1))
        #expect(try prints(lastByte: 1) == prints(lastByte: 1))
    }

    @Test("a file that was cut short after opening is noticed")
    func cutShort() throws {
        try withTemporaryDirectory { directory in
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: directory)
            let path = directory + "/model.safetensors"
            let size = try read(path).count
            let checkpoint = try Checkpoint(directory: directory)
            try write("short", to: path)
            #expect(
                description(in: directory) { _ = try checkpoint.fingerprint() }
                    == "DIR/model.safetensors has 5 bytes; it had \(size) when it was opened")
        }
    }

    @Test("a cached fingerprint is used until a file changes")
    func cached() throws {
        try withTemporaryDirectory { directory in
            let model = directory + "/model"
            let cache = FingerprintCache(directory: directory + "/cache", leastBytes: 0, settledSeconds: 0)
            func entries() throws -> [String] {
                try FileManager.default.contentsOfDirectory(atPath: cache.directory).map { cache.directory + "/" + $0 }
            }
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: smallTensors, to: model)
            let first = try Checkpoint(directory: model).fingerprint(cache: cache)
            let computed = try Checkpoint(directory: model).fingerprint()
            #expect(first == computed)

            // What the cache holds is what is said, as long as the file is the same.
            let entry = try #require(try entries().first)
            let kept = String(decoding: try read(entry), as: UTF8.self)
            try write(kept.replacingOccurrences(of: first, with: "sha256:kept"), to: entry)
            #expect(try Checkpoint(directory: model).fingerprint(cache: cache) == "sha256:kept")

            var changed = smallTensors
            changed[0] = TensorToWrite(
                name: changed[0].name, shape: [8, 4], floats: (0..<32).map { Float($0) / 4 }, type: .bfloat16)
            try CheckpointWriter.write(configuration: smallConfiguration, tensors: changed, to: model)
            let second = try Checkpoint(directory: model).fingerprint(cache: cache)
            let recomputed = try Checkpoint(directory: model).fingerprint()
            #expect(second == recomputed)
            #expect(second != first)
            #expect(try entries().count == 1)

            // Nothing is kept of a file that may still change within the resolution of its times.
            let careful = FingerprintCache(directory: directory + "/careful", leastBytes: 0, settledSeconds: 3600)
            _ = try Checkpoint(directory: model).fingerprint(cache: careful)
            #expect(!FileManager.default.fileExists(atPath: careful.directory))
            try write("damaged", to: entry)
            #expect(try Checkpoint(directory: model).fingerprint(cache: cache) == second)
        }
    }
}
