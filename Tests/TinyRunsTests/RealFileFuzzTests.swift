import Foundation
import Testing
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTemplates
import TinyTestSupport
import TinyText

/// Damaged copies of real models' files are refused with a sentence or read; no trap, no hang.
///
/// `TINYLORA_FUZZ_FILES` is a directory with models; `TINYLORA_FUZZ_CASES` says how many copies of each file, 100 unless set. Only
/// the head of a file of weights is copied and damaged; the weights are a hole of the right size. Run it under `ulimit -v` to
/// find allocations from numbers in a file.
@Suite("Damaged copies of real files", .enabled(if: fuzzFiles != nil, "TINYLORA_FUZZ_FILES is not set"), .serialized)
struct RealFileFuzzTests {
    /// What a reader is given.
    private enum Kind: String, CaseIterable {
        case gguf, safetensors
        case tokenizer = "tokenizer.json"
        case settings = "tokenizer_config.json"
        case configuration = "config.json"
        case generation = "generation_config.json"

        init?(_ file: URL) {
            let match = Self.allCases.first {
                $0.rawValue == file.lastPathComponent || $0.rawValue == file.pathExtension
            }
            guard let match else { return nil }
            self = match
        }
    }

    /// The parts of a file, and numbers that are likely to be misread.
    private struct Damage {
        var stream: RandomStream

        mutating func apply(to bytes: inout [UInt8], isText: Bool) {
            for _ in 0...stream.below(3) where bytes.count > 8 {
                let place = place(below: bytes.count)
                switch stream.below(6) {
                case 0: bytes[place] = value(isText)
                case 1: bytes[place] ^= 1 << UInt8(stream.below(8))
                case 2: bytes.insert(value(isText), at: place)
                case 3: bytes.removeSubrange(place..<min(bytes.count, place + 1 + stream.below(40)))
                case 4:
                    let passage = bytes[place..<min(bytes.count, place + 40)]
                    bytes.insert(contentsOf: passage, at: self.place(below: bytes.count))
                default:
                    let end = min(bytes.count, place + 8)
                    let number = stream.pick([UInt64.max, 1 << 63, 1 << 62, 1 << 40, 1 << 32, 1 << 31, 1 << 20, 0])
                    let text = Array(String(number).utf8)
                    if isText {
                        bytes.replaceSubrange(place..<min(bytes.count, place + 1), with: text)
                    } else {
                        bytes.replaceSubrange(place..<end, with: littleEndian(number)[..<(end - place)])
                    }
                }
            }
        }

        /// Vocabularies are long and in the middle; most kinds of damage are to what is before and behind them.
        private mutating func place(below count: Int) -> Int {
            switch stream.below(3) {
            case 0: stream.below(min(count, 4096))
            case 1: count - 1 - stream.below(min(count, 1 << 15))
            default: stream.below(count)
            }
        }

        private mutating func value(_ isText: Bool) -> UInt8 {
            isText
                ? stream.pick(Array("0123456789-eE.{}[]\",:\\ntfu ".utf8))
                : stream.pick([0, 1, 2, 4, 8, 9, 12, 0x7F, 0x80, 0xC3, 0xFF])
        }
    }

    @Test("are refused or read")
    func damaged() throws {
        let root = try #require(fuzzFiles)
        let found = FileManager.default.enumerator(
            at: URL(filePath: root), includingPropertiesForKeys: nil, options: .skipsHiddenFiles)
        let all = (found?.allObjects as? [URL] ?? []).sorted { $0.path < $1.path }
        #expect(all.contains { Kind($0) != nil }, "no files of models in \(root)")
        for file in all {
            guard let kind = Kind(file) else { continue }
            try withTemporaryDirectory { folder in try damage(file, kind, in: folder) }
        }
    }

    private func damage(_ file: URL, _ kind: Kind, in folder: String) throws {
        let size = try #require(try FileManager.default.attributesOfItem(atPath: file.path)[.size] as? Int)
        let head = try head(of: file, kind), isText = kind != .gguf
        var damage = Damage(stream: RandomStream(.bootstrap, seed: UInt64(head.count)))
        var refused = 0, longest = Duration.zero
        let cases = fuzzCases(100), copy = "\(folder)/\(file.lastPathComponent)"
        if kind == .generation { try writeSmallModel(to: folder) }
        for _ in 0..<cases {
            var bytes = head
            damage.apply(to: &bytes, isText: isText)
            if kind == .safetensors, damage.stream.below(2) == 0, bytes.count > 8 {
                // The header's length agrees with the changed file, so that damage reaches what lies behind that check.
                bytes.replaceSubrange(0..<8, with: littleEndian(UInt64(bytes.count - 8)))
            }
            try write(Data(bytes), to: copy)
            if size > head.count { truncate(copy, off_t(size + bytes.count - head.count)) }
            let readsText = damage.stream.below(4) == 0, clock = ContinuousClock(), start = clock.now
            do {
                try read(copy, kind, in: folder, readsText: readsText)
            } catch let error as any CustomStringConvertible & Error where isExpected(error) {
                refused += 1
                #expect(!error.description.isEmpty)
            }
            longest = max(longest, clock.now - start)
        }
        print("\(file.path): \(cases) damaged copies, \(refused) refused, at most \(longest) each")
        #expect(longest < .seconds(60), "\(file.path)")
    }

    private func isExpected(_ error: any Error) -> Bool {
        error is CheckpointError || error is TextError || error is TemplateError
    }

    /// What is before the weights, or the whole file.
    private func head(of file: URL, _ kind: Kind) throws -> [UInt8] {
        let mapped = try Data(contentsOf: file, options: .alwaysMapped)
        switch kind {
        case .gguf:
            let metadata = try GGUFMetadata(MappedFile(path: file.path))
            // A line of the table of tensors has a name of at most 64 bytes, 4 lengths, a type and an offset.
            return Array(mapped.prefix(metadata.end + 120 * metadata.tensorCount))
        case .safetensors:
            let length = mapped.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) }
            return Array(mapped.prefix(8 + length))
        case .tokenizer, .settings, .configuration, .generation: return Array(mapped)
        }
    }

    /// A model for a `generation_config.json`.
    private func writeSmallModel(to folder: String) throws {
        let configuration = ModelConfiguration(
            vocabularySize: 64, hiddenSize: 8, intermediateSize: 8, layerCount: 1, headCount: 2, keyValueHeadCount: 2,
            contextLength: 64, tiesEmbeddings: true)
        let norm = TensorToWrite(
            name: "model.norm.weight", shape: [8], floats: .init(repeating: 1, count: 8), type: .float32)
        try CheckpointWriter.write(configuration: configuration, tensors: [norm], to: folder)
    }

    private func read(_ path: String, _ kind: Kind, in folder: String, readsText: Bool) throws {
        switch kind {
        case .gguf:
            if readsText {
                _ = try Tokenizer(modelDirectory: path).encode("12 apples \u{E9}")
                _ = try Tokenizer.json(ofGGUF: path)
                _ = try ChatTemplate(modelDirectory: path)
            }
            let model = try Checkpoint(directory: path)
            try model.requireParameters()
            _ = try model.tensor("model.norm.weight", [model.configuration.hiddenSize]).floats()
        case .safetensors:
            let file = try SafetensorsFile(path: path)
            for (name, record) in file.tensors where record.type != nil && record.range.count < 1 << 16 {
                _ = try file.tensor(name).floats()
            }
        case .tokenizer: _ = try Tokenizer(contentsOf: path).encode("12 apples \u{E9}")
        case .settings:
            _ = try ChatTemplate(modelDirectory: folder).render(messages: [["role": "user", "content": "Hi"]])
        case .configuration: _ = try ModelConfiguration(json: TinyTestSupport.read(path), path: path)
        case .generation: _ = try Checkpoint(directory: folder)
        }
    }
}
