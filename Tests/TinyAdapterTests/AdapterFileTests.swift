import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyFoundation

@Suite("Adapter files")
struct AdapterFileTests {
    private let directory: TemporaryDirectory
    private var path: String { directory.path + "/adapter.safetensors" }
    private let base = AdapterFile.BaseModel(
        name: "Abacus", fingerprint: "sha256:" + String(repeating: "ab12", count: 16))

    init() throws { directory = try TemporaryDirectory() }

    private func adapter(
        _ type: ElementType = .bfloat16, tying: Tying = .tiled(modulesPerGroup: 16), u: Int = 1,
        base: AdapterFile.BaseModel? = nil, arithmetic: Arithmetic? = .bfloat16
    ) throws -> AdapterFile {
        let plan = try AdapterPlan(modules: modules(layers: 28), u: u, tying: tying)
        return try AdapterFile(
            design: TinyLoRADesign(plan: plan, seed: .max), baseModel: base ?? self.base,
            values: gaussian(plan.parameterCount, seed: 4),
            elementType: type, arithmetic: arithmetic, toolVersion: "0.1.0",
            details: ["step": "40", "run": "runs/Größe \"1\""])
    }

    @Test(
        "an adapter comes back as it was", arguments: ElementType.allCases,
        [Tying.tiled(modulesPerGroup: 16), .untied, .byKind])
    func roundTrip(type: ElementType, tying: Tying) throws {
        let adapter = try adapter(type, tying: tying, u: 3)
        try adapter.write(to: path)
        let loaded = try AdapterFile.load(path: path)
        #expect(loaded == adapter)
        #expect(loaded.values.map(\.bitPattern) == adapter.values.map(\.bitPattern))
    }

    @Test("13 parameters are 26 bytes, rounded to the stored type")
    func bytes() throws {
        let adapter = try adapter()
        #expect(adapter.valuesByteCount == 26)
        #expect(adapter.values == gaussian(13, seed: 4).map { BFloat16($0).float })
        try adapter.write(to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.tensors["tinylora_v"]?.shape == [13, 1] && file.tensors["tinylora_v"]?.range.count == 26)
        let size = try #require(FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
        #expect(size < 2000, "\(size) bytes for 13 parameters")
    }

    @Test("an adapter names its arithmetic; one from before there were two is float32, and stays as it was")
    func arithmetic() throws {
        for arithmetic in Arithmetic.allCases {
            let named = try adapter(arithmetic: arithmetic)
            try named.write(to: path)
            #expect(try SafetensorsFile(path: path).metadata["arithmetic"] == arithmetic.rawValue)
            #expect(try AdapterFile.load(path: path) == named && named.arithmetic == arithmetic)
        }
        try adapter(arithmetic: nil).write(to: path)
        #expect(try SafetensorsFile(path: path).metadata["arithmetic"] == nil)
        let old = try AdapterFile.load(path: path)
        #expect(old.notedArithmetic == nil && old.arithmetic == .float32)
        #expect(try old != adapter(arithmetic: .float32))
    }

    @Test("the same adapter gives the same bytes")
    func deterministic() throws {
        try adapter().write(to: path)
        let first = try Data(contentsOf: URL(fileURLWithPath: path))
        try adapter().write(to: path)
        #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == first)
    }

    @Test("values that do not fit are refused")
    func values() throws {
        let plan = try AdapterPlan(modules: modules(layers: 1), tying: .full)
        let cases: [([Float], ElementType, String)] = [
            ([1, 2], .float32, "2 values were given for 1 parameter"),
            ([70000], .float16, "value 0 of the adapter is 70000.0, which F16 cannot hold"),
            ([.nan], .bfloat16, "value 0 of the adapter is nan, which BF16 cannot hold"),
        ]
        for (values, type, message) in cases {
            let error = #expect(throws: AdapterError.self) {
                try AdapterFile(
                    design: TinyLoRADesign(plan: plan, seed: 1), baseModel: base, values: values, elementType: type,
                    arithmetic: .float32, toolVersion: "1")
            }
            #expect(error?.message == message && error?.code == .invalidValues)
        }
    }

    @Test("the basis of a loaded adapter is that of the training")
    func basis() throws {
        let checkpoint = try writeModel(to: directory.path + "/model")
        let plan = try AdapterPlan.resolving(parameters: 5, modules: checkpoint.configuration.modules)
        let trained = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 11),
            for: AdapterPreparation(checkpoint: checkpoint))
        let adapter = try AdapterFile(
            design: TinyLoRADesign(plan: plan, seed: 11),
            baseModel: .init(name: "model", fingerprint: checkpoint.fingerprint()),
            values: gaussian(5, seed: 1), arithmetic: .float32, toolVersion: "0.1.0")
        try adapter.write(to: path)
        let loaded = try AdapterFile.load(path: path)
        let basis = try #require(
            try loaded.method(for: AdapterPreparation(checkpoint: checkpoint)) as? TinyLoRAMethod)
        #expect(basis.change(values: loaded.values).mixing == trained.change(values: adapter.values).mixing)
        #expect(basis.factors.factors.map(\.a) == trained.factors.factors.map(\.a))
    }

    @Test("another base model is refused in one sentence with both fingerprints")
    func otherModel() throws {
        let checkpoint = try writeModel(to: directory.path + "/model", seed: 2)
        let fingerprint = try checkpoint.fingerprint()
        let adapter = try adapter()
        let error = #expect(throws: AdapterError.self) {
            try adapter.method(for: AdapterPreparation(checkpoint: checkpoint))
        }
        #expect(error?.code == .differentBaseModel)
        #expect(
            error?.message == "the adapter was trained on Abacus (sha256:ab12ab12ab12), "
                + "not on \(checkpoint.directory) (\(fingerprint.prefix(19)))")
    }

    /// Writes a file like the adapter's with some notes replaced (`nil` removes one) and reads it.
    private func loading(
        _ changes: [String: String?] = [:], name: String = "tinylora_v", shape: [Int] = [13, 1],
        type: ElementType = .bfloat16, values: [Float]? = nil
    ) throws -> AdapterError? {
        try adapter().write(to: path)
        let notes = try SafetensorsFile(path: path).metadata.merging(changes.compactMapValues { $0 }) { $1 }
            .filter { key, _ in changes[key] != .some(nil) }
        let floats = values ?? [Float](repeating: 1, count: shape.reduce(1, *))
        try SafetensorsWriter.write(
            [TensorToWrite(name: name, shape: shape, floats: floats, type: type)], metadata: notes, to: path)
        return #expect(throws: AdapterError.self) { try AdapterFile.load(path: path) }
    }

    @Test("a malformed file is refused in a sentence that names it")
    func malformed() throws {
        let cases: [(AdapterError?, String)] = [
            (try loading(["format": nil]), "\(path) is not a TinyLoRA adapter: its format is not given"),
            (try loading(["format": "pt"]), "\(path) is not a TinyLoRA adapter: its format is pt"),
            (try loading(name: "weights"), "\(path) is not a TinyLoRA adapter: it has no tensor tinylora_v"),
            (try loading(["plan": nil]), "\(path) has no note plan"),
            (try loading(["base_model_fingerprint": nil]), "\(path) has no note base_model_fingerprint"),
            (try loading(["rank": "3"]), "\(path) contradicts itself: rank is 3 and 2"),
            (try loading(["element_type": "F32"]), "\(path) contradicts itself: element_type is F32 and BF16"),
            (try loading(["projection_seed": "-1"]), "projection_seed is -1 in \(path), which is no seed"),
            (try loading(["arithmetic": "fp8"]), "arithmetic is fp8 in \(path), expected one of float32, bfloat16"),
            (try loading(["plan": "{}"]), "the plan in \(path) cannot be read: there is no modules"),
            (try loading(shape: [1, 13]), "tinylora_v is [1, 13] in \(path), its plan expects [13, 1]"),
            (try loading(shape: [12, 1]), "tinylora_v is [12, 1] in \(path), its plan expects [13, 1]"),
            (
                try loading(values: [Float](repeating: .infinity, count: 13)),
                "\(path) is damaged: value 0 of the adapter is inf, which BF16 cannot hold"
            ),
        ]
        for (error, message) in cases {
            #expect(error?.message == message)
            #expect(error?.code == .malformedFile, "\(message)")
        }
    }

    @Test(
        "files of unknown schemes are refused",
        arguments: ["format_version", "method", "projection_scheme", "factor_scheme"])
    func unknownScheme(key: String) throws {
        let error = try loading([key: "new/9"])
        #expect(error?.code == .unsupportedVersion)
        #expect(error?.message.hasPrefix("\(key) is new/9 in \(path), this program knows ") == true)
        #expect(error?.hint == "use the version that made it: 0.1.0")
    }

    @Test("a file cut anywhere is refused")
    func truncated() throws {
        try adapter().write(to: path)
        let data = try Data(contentsOf: URL(fileURLWithPath: path))
        for length in stride(from: 0, to: data.count, by: 37) {
            try data.prefix(length).write(to: URL(fileURLWithPath: path))
            let error = #expect(throws: AdapterError.self) { try AdapterFile.load(path: path) }
            #expect(error?.code == .malformedFile, "\(length) bytes")
        }
    }

    @Test("a missing file and an unwritable place are told apart from bad contents")
    func inputOutput() throws {
        let missing = #expect(throws: AdapterError.self) { try AdapterFile.load(path: directory.path + "/none") }
        #expect(missing?.code == .inputOutput && missing?.message.contains(directory.path + "/none") == true)
        let adapter = try adapter()
        let unwritable = #expect(throws: AdapterError.self) {
            try adapter.write(to: directory.path + "/none/a.safetensors")
        }
        #expect(unwritable?.code == .inputOutput)
    }
}
