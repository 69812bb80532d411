import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
import TinyTestSupport

/// Directories that PEFT wrote (`Scripts/make_peft_fixtures.py`), and the same with something changed.
@Suite("A directory of PEFT")
struct PEFTAdapterTests {
    private let folder: TemporaryDirectory
    private let path: String

    init() throws {
        folder = try TemporaryDirectory()
        path = folder.path + "/adapter"
    }

    /// A copy of a fixture with other settings, and with its tensors passed through `change`.
    private func copy(
        _ name: String, settings: [String: JSONValue] = [:],
        tensors change: ([String: TensorToWrite]) -> [String: TensorToWrite] = { $0 }
    ) throws {
        let source = fixtures(of: "peft/" + name).path
        try AtomicFile.makeDirectory(path)
        let text = try read(source + "/adapter_config.json")
        var members: [String: JSONValue] = [:]
        guard case .object(let old) = try JSONValue(json: text) else { return }
        for member in old { members[member.name] = member.value }
        for (key, value) in settings { members[key] = value }
        let object = JSONValue.object(members.map { JSONValue.Member($0.key, $0.value) })
        try write(JSONEncoder().encode(object), to: path + "/adapter_config.json")
        let file = try SafetensorsFile(path: source + "/adapter_model.safetensors")
        var tensors: [String: TensorToWrite] = [:]
        for name in file.tensors.keys {
            let tensor = try file.tensor(name)
            tensors[name] = TensorToWrite(
                name: name, shape: tensor.shape, floats: tensor.floats(), type: tensor.type ?? .float32)
        }
        try SafetensorsWriter.write(
            change(tensors).values.sorted { $0.name < $1.name }, metadata: ["format": "pt"],
            to: path + "/adapter_model.safetensors")
    }

    private func expectRefusal(naming words: [String], sourceLocation: SourceLocation = #_sourceLocation) {
        let error = #expect(throws: AdapterError.self, sourceLocation: sourceLocation) {
            try PEFTAdapter(directory: path)
        }
        for word in words + [path] {
            #expect(
                error?.message.contains(word) == true, "no \(word): \(error?.message ?? "")",
                sourceLocation: sourceLocation)
        }
        #expect(error?.message.contains("\n") == false, sourceLocation: sourceLocation)
    }

    @Test("of a LoRA has its ranks, filled up, and its scale")
    func lora() throws {
        let peft = try PEFTAdapter(directory: fixtures(of: "peft/lora").path)
        #expect(peft.kind == "LORA" && peft.baseModel == "Tests/Fixtures/llama" && peft.version == "0.21.2")
        let design = try #require(peft.design as? LoRADesign)
        #expect(design.rank == 4 && design.alpha == 6 && design.modules.count == 6)
        #expect(peft.elementType == .float32 && peft.values.count == design.parameterCount)
        let rounded = try PEFTAdapter(directory: fixtures(of: "peft/rslora-bf16").path)
        let scaled = try #require(rounded.design as? LoRADesign)
        #expect(rounded.elementType == .bfloat16 && Float(scaled.alpha / 3) == Float(5 / 3.0.squareRoot()))
    }

    @Test(
        "without PEFT's file of tensors is refused with a way out where the tensors are in another tool's file",
        arguments: [("adapter_model.bin", "save_pretrained"), ("adapters.safetensors", "adapter_model.safetensors")])
    func otherWeights(name: String, way: String) throws {
        try copy("lora")
        try FileManager.default.moveItem(atPath: path + "/adapter_model.safetensors", toPath: "\(path)/\(name)")
        let error = #expect(throws: AdapterError.self) { try PEFTAdapter(directory: path) }
        #expect(error?.code == .unsupportedFeature && error?.hint?.contains(way) == true, "\(error?.message ?? "")")
    }

    @Test("of a LoRA has its modules' scales: powers of two apart in its own type, others rounded once to fp32")
    func patterns() throws {
        let name = "layers.0.self_attn.q_proj"
        try copy("lora", settings: ["alpha_pattern": .object([.init(name, 12)])])
        let doubled = try PEFTAdapter(directory: path),
            plain = try PEFTAdapter(directory: fixtures(of: "peft/lora").path)
        // Layer 0's q_proj comes first: A [4, 24] as it was, then B [36, 4], twice.
        #expect(doubled.values[..<96] == plain.values[..<96])
        #expect(Array(doubled.values[96..<240]) == plain.values[96..<240].map { 2 * $0 })
        #expect(doubled.values[240...] == plain.values[240...])
        let other: [String: JSONValue] = ["alpha_pattern": .object([.init("^model." + name, 10)])]
        try copy("lora", settings: other)
        let scaled = try PEFTAdapter(directory: path), design = try #require(scaled.design as? LoRADesign)
        #expect(design.alpha == 6 && scaled.values[..<96] == plain.values[..<96])
        #expect(scaled.values[240...] == plain.values[240...])
        let b = plain.values[96..<240]
        func expectScale(_ scale: Double, _ numbers: ArraySlice<Float>, roundings: Double) {
            for (mine, theirs) in zip(numbers, b) {
                let difference = (scale * Double(mine) - 2.5 * Double(theirs)).magnitude
                #expect(difference <= roundings * 0x1.001p-24 * 2.5 * Double(theirs.magnitude), "\(mine), \(theirs)")
            }
        }
        expectScale(1.5, scaled.values[96..<240], roundings: 1)
        // And back: an export has no scale.
        let checkpoint = try Checkpoint(directory: fixtures(of: "llama").path)
        let effect = try design.prepared(AdapterPreparation(checkpoint: checkpoint)).effect(of: scaled.values)
        guard case .change(let change) = effect else {
            Issue.record("a LoRA is no change")
            return
        }
        try PEFTLoRA.adapter(of: change, baseModel: "llama").write(to: folder.path + "/exported")
        let exported = try PEFTAdapter(directory: folder.path + "/exported")
        #expect((exported.design as? LoRADesign)?.alpha == 4 && exported.values[..<96] == plain.values[..<96])
        expectScale(1, exported.values[96..<240], roundings: 2)
        // What fp32 does not hold.
        let large = "base_model.model.model.\(name).lora_B.weight"
        try copy("lora", settings: other) { tensors in
            let floats = [Float](repeating: 3e38, count: 144)
            return tensors.merging([large: TensorToWrite(name: large, shape: [36, 4], floats: floats)]) { $1 }
        }
        expectRefusal(naming: [large, "2.5", "1.5"])
    }

    @Test("of a LoRA in bf16 stays in it where it holds all scaled numbers", arguments: [(10.0, true), (7.5, false)])
    func scalesInBFloat16(alpha: Double, fits: Bool) throws {
        let plain = try PEFTAdapter(directory: fixtures(of: "peft/rslora-bf16").path)
        try copy(
            "rslora-bf16",
            settings: ["alpha_pattern": .object([.init("model.layers.0.self_attn.k_proj", .number(alpha))])])
        let scaled = try PEFTAdapter(directory: path)
        #expect(scaled.elementType == (fits ? .bfloat16 : .float32))
        // A [3, 24], then B [12, 3]. Three halves of a bf16 number are exact in fp32.
        #expect(scaled.values[..<72] == plain.values[..<72] && scaled.values[108...] == plain.values[108...])
        #expect(Array(scaled.values[72..<108]) == plain.values[72..<108].map { Float(alpha / 5) * $0 })
    }

    @Test("of a LoRA has the numbers of modules that its patterns name as PEFT does")
    func patternNames() throws {
        let name = "layers.0.self_attn.q_proj", weights = path + "/adapter_model.safetensors"
        try copy("lora", settings: ["alpha_pattern": .object([.init("^" + name, 10)])])
        expectRefusal(naming: ["alpha_pattern", "^" + name])  // PEFT matches from the beginning
        try copy("lora", settings: ["alpha_pattern": ["k_proj": 10, "lm_head": 3, "model.layers.7.mlp.down_proj": 1]])
        let plain = try PEFTAdapter(directory: path)  // modules that the adapter does not change
        #expect(try plain.values == PEFTAdapter(directory: fixtures(of: "peft/lora").path).values)
        // The text part of a model that also reads images.
        func longNames() throws {
            let file = try SafetensorsFile(path: weights), short = "base_model.model.model."
            let tensors = try file.tensors.keys.sorted().map { name in
                let tensor = try file.tensor(name), long = short + "language_model." + name.dropFirst(short.count)
                return TensorToWrite(name: long, shape: tensor.shape, floats: tensor.floats())
            }
            try SafetensorsWriter.write(tensors, metadata: ["format": "pt"], to: weights)
        }
        try copy("lora", settings: ["alpha_pattern": .object([.init("model.language_model." + name, 12)])])
        try longNames()
        let doubled = try PEFTAdapter(directory: path)
        #expect(Array(doubled.values[96..<240]) == plain.values[96..<240].map { 2 * $0 })
        try copy("lora", settings: ["alpha_pattern": .object([.init("model." + name, 12)])])
        try longNames()
        expectRefusal(naming: ["alpha_pattern", "model." + name])
    }

    @Test("of a LoRA may have scales that differ by their rounding")
    func roundedScales() throws {
        let alpha = 7 / 2.0.squareRoot()  // times √2 it is not 7
        try copy(
            "lora",
            settings: [
                "use_rslora": true, "lora_alpha": 7, "alpha_pattern": .object([.init("down_proj", .number(alpha))]),
            ])
        let rounded = try PEFTAdapter(directory: path)
        // Half the rank, half the alpha: the same scale.
        try copy("lora", settings: ["alpha_pattern": ["down_proj": 3]])
        #expect(try rounded.values == PEFTAdapter(directory: path).values)
    }

    @Test(
        "with a setting that would do something else is refused by the setting's name",
        arguments: [
            ("lora", "use_dora", true), ("lora", "bias", "all"), ("lora", "lora_bias", true),
            ("lora", "modules_to_save", ["x"]),
            ("lora", "fan_in_fan_out", true), ("lora", "layer_replication", [[0, 2]]),
            ("lora", "init_lora_weights", "pissa"),
            ("lora", "trainable_token_indices", [1]), ("lora", "alora_invocation_tokens", [1]),
            ("lora", "use_novelty", 3),
            ("lora", "peft_type", "IA3"), ("lora", "peft_type", nil), ("lora", "rank_pattern", ["(q|v)_proj": 2]),
            ("lora", "alpha_pattern", ["q_proj": "x"]), ("lora", "lora_alpha", 0), ("lora", "lora_alpha", "x"),
            ("tinylora", "ntie", 16), ("tinylora", "weight_tying", 2), ("tinylora", "weight_tying", 0.5),
            ("tinylora", "bias", "tinylora_only"), ("tinylora", "init_weights", "other"),
        ] as [(String, String, JSONValue)])
    func settings(fixture: String, key: String, value: JSONValue) throws {
        try copy(fixture, settings: [key: value])
        expectRefusal(naming: [key, "adapter_config.json"])
    }

    @Test("with sizes that its tensors do not have is refused", arguments: ["lora", "tinylora"])
    func sizes(fixture: String) throws {
        try copy(fixture, settings: ["r": 5])
        expectRefusal(naming: ["adapter_config.json", "adapter_model.safetensors", "q_proj"])
        try copy(fixture, settings: ["r": -1])
        expectRefusal(naming: ["adapter_config.json"])
        guard fixture == "tinylora" else { return }
        try copy(fixture, settings: ["u": 4])
        expectRefusal(naming: ["adapter_config.json", "u 4"])
    }

    @Test("with tensors that are missing, unknown, misshapen or not finite is refused by their names")
    func tensors() throws {
        let module = "base_model.model.model.layers.1.self_attn.v_proj"
        try copy("lora") { $0.filter { $0.key != module + ".lora_B.weight" } }
        expectRefusal(naming: [module + ".lora_B.weight"])
        for name in [
            "base_model.model.lm_head.lora_A.weight", module + ".lora_magnitude_vector", module + "s.lora_A.weight",
        ] {
            try copy("lora") { $0.merging([name: TensorToWrite(name: name, shape: [1], floats: [1])]) { $1 } }
            expectRefusal(naming: [name])
        }
        let b = module + ".lora_B.weight"
        try copy("lora") {
            $0.merging([b: TensorToWrite(name: b, shape: [4, 12], floats: gaussian(48, seed: 1))]) { $1 }
        }
        expectRefusal(naming: [module, "[4, 12]"])
        try copy("lora") { tensors in
            tensors.merging([b: TensorToWrite(name: b, shape: [12, 4], floats: [.nan] + gaussian(47, seed: 1))]) { $1 }
        }
        expectRefusal(naming: [b, "nan"])
        try copy("lora") { _ in [:] }
        expectRefusal(naming: ["changes no module"])
    }

    @Test("of a LoRA with a rank that no tensor has room for is refused before the other modules are filled up to it")
    func emptyTensors() throws {
        let name = "layers.0.self_attn.q_proj", rank = 1 << 40
        let empty = [("lora_A", [rank, 0]), ("lora_B", [0, rank])].map { part, shape in
            TensorToWrite(name: "base_model.model.model.\(name).\(part).weight", shape: shape, floats: [])
        }
        try copy("lora", settings: ["rank_pattern": .object([.init(name, .integer(rank)), .init("down_proj", 2)])]) {
            tensors in empty.reduce(into: tensors) { $0[$1.name] = $1 }
        }
        expectRefusal(naming: [name, "[0, 0]"])
    }

    @Test("of a TinyLoRA without its factors or projections is refused with the reason")
    func withoutFrozenParts() throws {
        try copy("tinylora") { $0.filter { !$0.key.hasSuffix("tinylora_P") } }
        expectRefusal(naming: ["tinylora_P", "0.19"])
        try copy("tinylora") { $0.filter { $0.key.contains("tinylora_v") } }
        expectRefusal(naming: ["tinylora_A, tinylora_B, tinylora_P", "0.19"])
        try copy("tinylora") { $0.filter { !$0.key.hasSuffix("tinylora_v.2") } }
        expectRefusal(naming: ["2 tinylora_v", "weight_tying"])
    }

    @Test("whose files are cut short or missing is refused")
    func damagedFiles() throws {
        try copy("tinylora")
        for name in ["adapter_config.json", "adapter_model.safetensors"] {
            let whole = try read("\(path)/\(name)")
            for length in stride(from: 0, to: whole.count, by: whole.count / 7) {
                try write(whole.prefix(length), to: "\(path)/\(name)")
                expectRefusal(naming: [name])
            }
            try FileManager.default.removeItem(atPath: "\(path)/\(name)")
            expectRefusal(naming: [name])
            try write(whole, to: "\(path)/\(name)")
        }
    }

    /// `TINYLORA_FUZZ_CASES` says how often, 4,000 unless set.
    @Test("with random damage is read or refused with a sentence, and so is the adapter file made of it")
    func anyDamage() throws {
        let cases = fuzzCases(4000)
        let checkpoint = try Checkpoint(directory: fixtures(of: "llama").path)
        let base = AdapterFile.BaseModel(name: "llama", fingerprint: "x")
        let adapterPath = folder.path + "/adapter.safetensors"
        func use(_ adapter: AdapterFile) throws {
            _ = try adapter.design.prepared(AdapterPreparation(checkpoint: checkpoint)).effect(of: adapter.values)
        }
        func open() throws -> AdapterFile {
            try PEFTAdapter(directory: path).adapter(
                of: checkpoint, baseModel: base, arithmetic: .float32, toolVersion: "1")
        }
        var random = TrickyTexts(seed: 3)
        for name in ["lora", "tinylora"] {
            try copy(name)
            let adapter = try open()
            try adapter.write(to: adapterPath)
            for file in [path + "/adapter_config.json", path + "/adapter_model.safetensors", adapterPath] {
                let whole = try read(file), header = min(whole.count, 3000)
                for _ in 0..<cases / 6 {
                    var bytes = Array(whole)
                    for _ in 0...random.below(3) {
                        let place = random.below(header)
                        let isDigit = (0x30...0x39).contains(bytes[place])
                        bytes[place] = UInt8(isDigit ? 0x30 + random.below(10) : random.below(256))
                        if isDigit, random.below(2) == 0 { bytes.insert(0x39, at: place) }
                    }
                    try write(Data(bytes), to: file)
                    do {
                        try use(file == adapterPath ? AdapterFile.load(path: file) : open())
                    } catch let error as any ExplainedError {
                        #expect(!error.message.isEmpty)
                    }
                }
                try write(whole, to: file)
            }
        }
    }
}
