import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
import TinyModel
import TinyTestSupport

/// Adapters in other tools' layouts, read back as those tools compute with them.
@Suite("An exported adapter")
struct ExportTests {
    private let folder: TemporaryDirectory
    private let method: TinyLoRAMethod
    private let values: [Float]

    init() throws {
        folder = try TemporaryDirectory()
        let checkpoint = try writeModel(to: folder.path + "/model")
        let plan = try AdapterPlan(
            modules: checkpoint.configuration.modules, rank: 2, u: 3, tying: .tiled(modulesPerGroup: 4))
        method = try TinyLoRAMethod(
            design: TinyLoRADesign(plan: plan, seed: 5), for: AdapterPreparation(checkpoint: checkpoint))
        values = gaussian(method.parameterCount, seed: 9)
    }

    private func written(_ adapter: ExportedAdapter) throws -> (file: SafetensorsFile, configuration: [String: Any]) {
        let directory = folder.path + "/exported"
        try adapter.write(to: directory)
        let json = try JSONSerialization.jsonObject(
            with: Data(contentsOf: URL(filePath: directory + "/adapter_config.json")))
        return (
            try SafetensorsFile(path: "\(directory)/\(adapter.weightsName)"), try #require(json as? [String: Any])
        )
    }

    /// `left · right` of row-major matrices, in `Double`.
    private func product(_ left: [Float], _ right: [Float], inner: Int) -> [Float] {
        let rows = left.count / inner, columns = right.count / inner
        return (0..<rows * columns).map { index in
            let sum: Double = (0..<inner).reduce(0) {
                $0 + Double(left[index / columns * inner + $1]) * Double(right[$1 * columns + index % columns])
            }
            return Float(sum)
        }
    }

    /// The change of a module's weight as this package computes it, `[outputs, inputs]`.
    private func change(_ position: Int) -> [Double] {
        let change = method.change(values: values), factors = change.factors.factors[position]
        let mixing = Array(change.mixing[4 * position..<4 * (position + 1)])
        return product(product(factors.b, mixing, inner: 2), factors.a, inner: 2).map { Double($0) }
    }

    @Test("as a LoRA of PEFT has the same change of weights, at its own rank or a larger one", arguments: [nil, 8])
    func peftLoRA(rank: Int?) throws {
        let (file, configuration) = try written(
            PEFTLoRA.adapter(of: method.change(values: values), baseModel: "base", layers: 2, rank: rank))
        let rows = rank ?? 2
        #expect(configuration["r"] as? Int == rows && configuration["lora_alpha"] as? Int == rows)
        #expect(configuration["peft_type"] as? String == "LORA")
        #expect(
            configuration["target_modules"] as? [String] == [
                "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj",
            ])
        for (position, module) in method.plan.modules.enumerated() {
            let a = try file.tensor("base_model.model.\(module.name).lora_A.weight")
            let b = try file.tensor("base_model.model.\(module.name).lora_B.weight")
            #expect(a.shape == [rows, module.inputs] && b.shape == [module.outputs, rows])
            let found = product(b.floats(), a.floats(), inner: rows)
            #expect(largestDifference(found, change(position)) <= 1e-5, "\(module.name)")
        }
    }

    @Test("that was not written whole has no older adapter's configuration")
    func interrupted() throws {
        let directory = folder.path + "/exported", change = method.change(values: values)
        func export(rank: Int) throws -> ExportedAdapter {
            try PEFTLoRA.adapter(of: change, baseModel: "base", rank: rank)
        }
        let old = try export(rank: 2)
        try old.write(to: directory)
        let weights = "\(directory)/\(old.weightsName)"
        try FileManager.default.removeItem(atPath: weights)
        // Cannot be written.
        try FileManager.default.createDirectory(atPath: weights, withIntermediateDirectories: false)
        #expect(throws: CheckpointError.self) { try export(rank: 4).write(to: directory) }
        #expect(!FileManager.default.fileExists(atPath: directory + "/adapter_config.json"))
    }

    @Test("cannot have a smaller rank")
    func smallerRank() throws {
        #expect(throws: AdapterError.self) {
            try PEFTLoRA.adapter(of: method.change(values: values), baseModel: "base", rank: 1)
        }
    }

    @Test("names its modules one by one where not every layer has them")
    func partOfTheLayers() throws {
        let some = method.plan.modules.filter { $0.layer == 1 || $0.kind == .query }
        let factors = some.map { module in
            ModuleFactors(
                a: gaussian(2 * module.inputs, seed: 1), b: gaussian(2 * module.outputs, seed: 2))
        }
        let change = LowRankChange(
            factors: LowRankFactors(rank: 2, modules: some, factors: factors),
            mixing: gaussian(4 * some.count, seed: 3))
        let (_, configuration) = try written(PEFTLoRA.adapter(of: change, baseModel: "base"))
        #expect(configuration["target_modules"] as? [String] == some.map(\.name))
    }

    @Test(
        "names its modules one by one where the model has more layers, as PEFT groups all that it finds by a short name"
    )
    func firstLayers() throws {
        let exported = try PEFTTinyLoRA.adapter(of: method, values: values, baseModel: "base", layers: 3)
        let (_, configuration) = try written(exported)
        #expect(configuration["target_modules"] as? [String] == method.plan.modules.map(\.name))
    }

    @Test(
        "as a LoRA of llama.cpp has the same change, with the rows of q and k in that program's order",
        arguments: [ModelConfiguration.Architecture.qwen2, .llama, .mistral])
    func ggufLoRA(architecture: ModelConfiguration.Architecture) throws {
        var configuration = try Checkpoint(directory: folder.path + "/model").configuration
        configuration.architecture = architecture
        let path = folder.path + "/adapter.gguf"
        try GGUFLoRA.write(method.change(values: values), of: configuration, baseModel: "base", to: path)
        let metadata = try GGUFMetadata(MappedFile(path: path))
        #expect(try metadata.text("general.type") == "adapter" && metadata.text("adapter.type") == "lora")
        #expect(try metadata.text("general.architecture") == (architecture == .qwen2 ? "qwen2" : "llama"))
        #expect(try metadata.number("adapter.lora.alpha") == 2)
        let tensors = try ggufTensors(path, metadata)
        #expect(tensors.count == 2 * method.plan.modules.count)
        let names = ["attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down"]
        for (position, module) in method.plan.modules.enumerated() {
            let name = "blk.\(module.layer).\(names[module.kind.rawValue]).weight.lora_"
            let a = try #require(tensors[name + "a"]), b = try #require(tensors[name + "b"])
            #expect(a.shape == [2, module.inputs] && b.shape == [module.outputs, 2])
            var expected = change(position)
            let heads = [configuration.headCount, configuration.keyValueHeadCount]
            if architecture != .qwen2, module.kind.rawValue < 2 {
                // As `permute` of convert_hf_to_gguf.py: (heads, 2, half) to (heads, half, 2).
                let count = heads[module.kind.rawValue], half = module.outputs / count / 2
                let order = (0..<count).flatMap { head in
                    (0..<half).flatMap { pair in (0..<2).map { (head * 2 + $0) * half + pair } }
                }
                expected = order.flatMap { expected[$0 * module.inputs..<($0 + 1) * module.inputs] }
            }
            let difference = largestDifference(product(b.values, a.values, inner: 2), expected)
            #expect(difference <= 1e-5, "\(module.name)")
        }
    }

    private struct Tensor {
        let shape: [Int]
        let values: [Float]
    }

    /// Tensors of F32 numbers, read as the format's description has it.
    private func ggufTensors(_ path: String, _ metadata: GGUFMetadata) throws -> [String: Tensor] {
        let file = try Data(contentsOf: URL(filePath: path))
        return try file.withUnsafeBytes { bytes in
            var reader = GGUFReader(bytes, name: path, position: metadata.end)
            var entries: [(name: String, shape: [Int], offset: Int)] = []
            for _ in 0..<metadata.tensorCount {
                let name = try reader.name("tensor name")
                var shape: [Int] = []
                for _ in 0..<(try reader.number(UInt32.self)) { shape.insert(try reader.count("axis"), at: 0) }
                #expect(try reader.number(UInt32.self) == 0)
                entries.append((name, shape, try reader.count("offset")))
            }
            let start = (reader.position + 31) / 32 * 32
            var tensors: [String: Tensor] = [:]
            for entry in entries {
                let values = (0..<entry.shape.reduce(1, *)).map {
                    bytes.loadUnaligned(fromByteOffset: start + entry.offset + 4 * $0, as: Float.self)
                }
                tensors[entry.name] = Tensor(shape: entry.shape, values: values)
            }
            return tensors
        }
    }

    @Test("is refused where a number is too large for its type")
    func tooLarge() throws {
        let large = method.change(values: values.map { 1e9 * $0 }), path = folder.path + "/large.gguf"
        let configuration = try Checkpoint(directory: folder.path + "/model").configuration
        let exports: [(ElementType) throws -> Void] = [
            { _ = try PEFTLoRA.adapter(of: large, baseModel: "base", type: $0) },
            { _ = try MLXLoRA.adapter(of: large, layers: 2, type: $0) },
            { try GGUFLoRA.write(large, of: configuration, baseModel: "base", type: $0, to: path) },
        ]
        for export in exports {
            let error = #expect(throws: AdapterError.self) { try export(.float16) }
            #expect(error?.message.hasPrefix("model.layers.0.") == true && error?.hint?.contains("bf16") == true)
            try export(.bfloat16)
        }
    }

    @Test("keeps a small change in fp16, by a scale beside the numbers", arguments: [0, 20, 60])
    func smallChange(exponent: Int) throws {
        let power = Double(sign: .plus, exponent: exponent, significand: 1)
        let small = method.change(values: values.map { Float(Double($0) / power) })
        let (file, configuration) = try written(PEFTLoRA.adapter(of: small, baseModel: "base", type: .float16))
        let alpha = try #require(configuration["lora_alpha"] as? Double), scale = alpha / 2
        // A power of two, and 1 for a change that fp16 holds as it is.
        #expect(scale.significand == 1 && (scale == 1) == (exponent == 0))
        for (position, module) in method.plan.modules.enumerated() {
            let a = try file.tensor("base_model.model.\(module.name).lora_A.weight").floats()
            let b = try file.tensor("base_model.model.\(module.name).lora_B.weight").floats()
            let found = product(b, a, inner: 2).map { Float(Double($0) * scale * power) }, expected = change(position)
            let largest = expected.reduce(0) { max($0, $1.magnitude) }
            // Each number has 11 bits, and each entry is the sum of two products.
            #expect(largestDifference(found, expected) <= 0x1p-7 * largest, "\(module.name)")
        }
        let (_, mlx) = try written(MLXLoRA.adapter(of: small, layers: 2, type: .float16))
        #expect((mlx["lora_parameters"] as? [String: Any])?["scale"] as? Double == scale)
        let path = folder.path + "/small.gguf"
        let sizes = try Checkpoint(directory: folder.path + "/model").configuration
        try GGUFLoRA.write(small, of: sizes, baseModel: "base", type: .float16, to: path)
        #expect(try GGUFMetadata(MappedFile(path: path)).number("adapter.lora.alpha") == alpha)
        // bf16 has the exponents of fp32.
        let (_, wide) = try written(PEFTLoRA.adapter(of: small, baseModel: "base", type: .bfloat16))
        #expect(wide["lora_alpha"] as? Double == 2)
    }

    @Test("as an adapter of mlx-lm has the same change, turned around")
    func mlx() throws {
        let (file, configuration) = try written(MLXLoRA.adapter(of: method.change(values: values), layers: 2))
        let parameters = try #require(configuration["lora_parameters"] as? [String: Any])
        #expect(configuration["num_layers"] as? Int == 2 && configuration["fine_tune_type"] as? String == "lora")
        #expect(parameters["rank"] as? Int == 2 && parameters["scale"] as? Double == 1)
        for (position, module) in method.plan.modules.enumerated() {
            let a = try file.tensor(module.name + ".lora_a"), b = try file.tensor(module.name + ".lora_b")
            #expect(a.shape == [module.inputs, 2] && b.shape == [2, module.outputs])
            let turned = product(a.floats(), b.floats(), inner: 2)  // [inputs, outputs]
            let found = (0..<module.outputs).flatMap { row in
                (0..<module.inputs).map { turned[$0 * module.outputs + row] }
            }
            #expect(largestDifference(found, change(position)) <= 1e-5, "\(module.name)")
        }
    }

    /// PEFT: `R = Σ v P`, `ΔW = B R A`, groups of `modules / groups` modules, the last one larger.
    @Test(
        "as a TinyLoRA of PEFT has the same change by PEFT's rule of tying",
        arguments: [
            (Tying.untied, true), (.full, true), (.tiled(modulesPerGroup: 7), true),
            (.tiled(modulesPerGroup: 4), false),
            (.contiguous(groups: 3), false), (.byKind, false),
        ])
    func peftTinyLoRA(tying: Tying, isTied: Bool) throws {
        let plan = try AdapterPlan(modules: method.plan.modules, rank: 2, u: 3, tying: tying)
        let tied = TinyLoRAMethod(design: TinyLoRADesign(plan: plan, seed: 5), factors: method.factors)
        let values = gaussian(plan.parameterCount, seed: 9), mixing = tied.change(values: values).mixing
        let exported = try PEFTTinyLoRA.adapter(of: tied, values: values, baseModel: "base")
        #expect(exported.notes.isEmpty == isTied)
        let (file, configuration) = try written(exported)
        let tying = try #require(configuration["weight_tying"] as? Double), modules = plan.modules.count
        let groups = max(1, Int((Double(modules) * (1 - tying)).rounded(.toNearestOrEven)))
        #expect(groups == (isTied ? plan.groupCount : modules))
        for (position, module) in plan.modules.enumerated() {
            let group = min(position / max(1, modules / groups), groups - 1)
            let v = try file.tensor("base_model.tinylora_v.\(group)").floats()
            let p = try file.tensor("base_model.model.\(module.name).tinylora_P").floats()
            for entry in 0..<4 {
                let found = (0..<3).reduce(0.0) { $0 + Double(v[$1]) * Double(p[4 * $1 + entry]) }
                #expect((found - Double(mixing[4 * position + entry])).magnitude <= 1e-5, "\(module.name)")
            }
            let a = try file.tensor("base_model.model.\(module.name).tinylora_A").floats()
            let b = try file.tensor("base_model.model.\(module.name).tinylora_B").floats()
            #expect(a == method.factors.factors[position].a && b == method.factors.factors[position].b)
        }
    }
}
