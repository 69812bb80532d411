import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyModel
import TinyFoundation

@Suite("Methods: what is trained and how it acts")
struct MethodTests {
    private let directory: TemporaryDirectory
    private let checkpoint: Checkpoint
    private var path: String { directory.path + "/adapter.safetensors" }

    init() throws {
        directory = try TemporaryDirectory()
        checkpoint = try writeModel(to: directory.path + "/model")
    }

    private var modules: [AdaptedModule] { checkpoint.configuration.modules }
    private var some: [AdaptedModule] { modules.filter { [.query, .value].contains($0.kind) } }

    private func designs() throws -> [any AdapterDesign] {
        let tied = try AdapterPlan(modules: modules, u: 3, tying: .peft(groups: 3))
        return [
            TinyLoRADesign(plan: try .resolving(parameters: 5, modules: modules), seed: 3),
            TinyLoRADesign(plan: try .resolving(parameters: 2, modules: some), seed: 3, subspace: .random),
            try LoRAXSDesign(modules: modules, rank: 3), try LoRAXSDesign(modules: some, rank: 2, alpha: 5),
            try LoRAXSDesign(modules: modules, rank: 2, subspace: .bottom), try LoRADesign(modules: modules, rank: 1),
            try LoRADesign(modules: some, rank: 4, alpha: 6), FullDesign(configuration: checkpoint.configuration),
            StoredTinyLoRADesign(
                plan: tied,
                factors: modules.map {
                    ModuleFactors(a: gaussian(2 * $0.inputs, seed: 4), b: gaussian(2 * $0.outputs, seed: 5))
                }, projections: gaussian(modules.count * 12, seed: 6)),
        ]
    }

    @Test("parts hold every module once, in order; with their numbers at zero, their modules are unchanged")
    func parts() throws {
        for design in try designs() {
            guard design.method != FullDesign.method else {
                #expect(design.parts.isEmpty)
                continue
            }
            let numbers = design.parts.flatMap(\.numbers).flatMap(Array.init)
            let isLoRA = design.method == LoRADesign.method
            #expect(design.parts.flatMap(\.modules) == design.modules, "\(design)")
            #expect(numbers.count == Set(numbers).count && numbers == numbers.sorted(), "\(design)")
            #expect(isLoRA || numbers == Array(0..<design.parameterCount), "\(design)")
            let adapter = try AdapterFile(
                design: design, baseModel: .init(name: "tiny", fingerprint: ""),
                values: gaussian(design.parameterCount, seed: 8), elementType: .float32, arithmetic: nil,
                toolVersion: "")
            let method = try design.prepared(AdapterPreparation(checkpoint: checkpoint))
            func changed(_ adapter: AdapterFile) throws -> [AdaptedModule] {
                guard case .change(let change) = method.effect(of: adapter.values) else { return [] }
                return change.withoutUnchangedModules.factors.modules
            }
            #expect(try changed(adapter) == design.modules)
            for part in design.parts {
                #expect(part.values(in: adapter).count == part.count && part.count > 0)
                let rest = design.modules.filter { !part.modules.contains($0) }
                #expect(try changed(adapter.zeroing([part], note: "")) == rest, "\(design) without \(part.name)")
                let others = design.parts.filter { $0 != part }
                #expect(try changed(adapter.zeroing(others, note: "")) == part.modules, "\(design), only \(part.name)")
            }
            #expect(try changed(adapter.zeroing(design.parts, note: "")).isEmpty)
        }
    }

    @Test("multiplying all parts by a factor multiplies the change of every module once")
    func scaling() throws {
        for design in try designs() {
            guard let whole = design.wholePart else {
                #expect(design.method == FullDesign.method)
                continue
            }
            let method = try design.prepared(AdapterPreparation(checkpoint: checkpoint))
            let adapter = try AdapterFile(
                design: design, baseModel: .init(name: "tiny", fingerprint: ""),
                values: gaussian(design.parameterCount, seed: 8), elementType: .float16, arithmetic: nil,
                toolVersion: "")
            func change(_ adapter: AdapterFile) -> LowRankChange? {
                if case .change(let change) = method.effect(of: adapter.values) { change } else { nil }
            }
            let once = try #require(change(adapter))
            let twice = try #require(change(try adapter.scaling(whole, by: -2, note: "")))
            func times(_ factor: Float, _ values: [Float]) -> [Float] { values.map { $0 * factor } }
            let isLoRA = design.method == LoRADesign.method
            #expect(twice.mixing == times(isLoRA ? 1 : -2, once.mixing), "\(design)")
            for (new, old) in zip(twice.factors.factors, once.factors.factors) {
                #expect(new.a == old.a && new.b == times(isLoRA ? -2 : 1, old.b), "\(design)")
            }
            let error = #expect(throws: AdapterError.self) { _ = try adapter.scaling(whole, by: 1e6, note: "") }
            #expect(error?.code == .invalidValues)
        }
    }

    @Test("a design says before it is prepared what its method has beside the trained numbers")
    func frozenParts() throws {
        for design in try designs() {
            let method = try design.prepared(AdapterPreparation(checkpoint: checkpoint)), frozen = design.frozenParts
            #expect(frozen?.rank == method.frozenFactors?.rank, "\(design)")
            let effect = method.effect(of: method.initialValues)
            if case .weights = effect { #expect(design.holdsAllWeights) } else { #expect(!design.holdsAllWeights) }
            let isTinyLoRA = [TinyLoRADesign.method, StoredTinyLoRADesign.method].contains(design.method)
            let mixing = method.linearMixing
            #expect(design.groups == (isTinyLoRA ? mixing?.groups : nil), "\(design)")
            let counts = mixing.map { mixing in design.modules.indices.map { mixing.projections($0).count } }
            let projections = isTinyLoRA ? counts?.reduce(0, +) : frozen.map { _ in 0 }
            #expect(frozen?.projectionCount == projections, "\(design)")
            let isMade = design.method != StoredTinyLoRADesign.method && frozen != nil
            #expect((frozen?.seed != nil) == isMade && (frozen?.subspace != nil) == isMade, "\(design)")
        }
        #expect(try designs().compactMap(\.frozenParts?.subspace) == [.top, .random, .top, .top, .bottom])
    }

    @Test("a part says where its modules are")
    func places() throws {
        func places(_ modules: [AdaptedModule], _ tying: Tying) throws -> [String] {
            TinyLoRADesign(plan: try AdapterPlan(modules: modules, tying: tying), seed: 0).parts.map(\.place)
        }
        #expect(try places(modules, .full) == ["layers 0-1"])
        #expect(try places(modules, .contiguous(groups: 2)) == ["layer 0", "layer 1"])
        #expect(
            try places(modules, .tiled(modulesPerGroup: 5)) == [
                "layer 0 q_proj, k_proj, v_proj, o_proj, gate_proj", "layer 0 up_proj to 1 v_proj",
                "layer 1 o_proj, gate_proj, up_proj, down_proj",
            ])
        #expect(
            try places(modules, .byKind) == [
                "layers 0-1 q_proj, k_proj, v_proj, o_proj", "layers 0-1 gate_proj, up_proj, down_proj",
            ])
        #expect(try places(modules, .untied)[8] == "layer 1 k_proj")
        let some = modules.filter { $0.layer == 0 || $0.kind == .down }
        #expect(try places(some.filter { $0.kind != .value }, .full) == ["7 modules, layers 0-1"])
        #expect(try LoRADesign(modules: modules, rank: 1).parts.map(\.place) == ["layer 0", "layer 1"])
    }

    @Test("a design says what it trains")
    func descriptions() throws {
        #expect(
            try designs().map(\.description) == [
                "5 parameters · u 1 · rank 2 · 14 modules in 5 groups (tiled by 3)",
                "2 parameters · u 1 · rank 2 · 4 modules in 2 groups (tiled by 2) · random subspace",
                "126 parameters · LoRA-XS · rank 3 · 14 modules",
                "16 parameters · LoRA-XS · rank 2 · alpha 5.0 · 4 modules (q_proj, v_proj)",
                "56 parameters · LoRA-XS · rank 2 · 14 modules · bottom subspace",
                "464 parameters · LoRA · rank 1 · 14 modules",
                "448 parameters · LoRA · rank 4 · alpha 6.0 · 4 modules (q_proj, v_proj)",
                "4,496 parameters · all weights",
                "9 parameters · u 3 · rank 2 · 14 modules in 3 groups (as PEFT ties) · stored factors",
            ])
        for design in try designs() {
            #expect(design.tensors.reduce(0) { $0 + $1.count } == design.parameterCount, "\(design)")
        }
    }

    @Test("every design comes back from its file, with its numbers", arguments: ElementType.allCases)
    func roundTrip(type: ElementType) throws {
        for design in try designs() {
            let adapter = try AdapterFile(
                design: design,
                baseModel: AdapterFile.BaseModel(name: "model", fingerprint: checkpoint.fingerprint()),
                values: gaussian(design.parameterCount, seed: 9), elementType: type, arithmetic: .bfloat16,
                toolVersion: "1")
            try adapter.write(to: path)
            let loaded = try AdapterFile.load(path: path)
            #expect(loaded == adapter, "\(design)")
            let method = try loaded.method(for: AdapterPreparation(checkpoint: checkpoint))
            #expect(method.parameterCount == loaded.values.count)
        }
    }

    @Test("a LoRA's file has PEFT's keys and configuration")
    func peft() throws {
        let design = try LoRADesign(modules: some, rank: 4, alpha: 6)
        let adapter = try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: "model", fingerprint: "x"),
            values: gaussian(design.parameterCount, seed: 1), elementType: .float32,
            arithmetic: .float32, toolVersion: "1")
        try adapter.write(to: path)
        let file = try SafetensorsFile(path: path)
        #expect(file.tensors.count == 8)
        let name = "base_model.model.model.layers.1.self_attn.v_proj"
        #expect(try file.tensor(name + ".lora_A.weight").shape == [4, 16])
        #expect(try file.tensor(name + ".lora_B.weight").shape == [8, 4])
        let text = try #require(file.metadata["adapter_config"])
        let configuration = try #require(
            try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
        #expect(configuration["peft_type"] as? String == "LORA" && configuration["r"] as? Int == 4)
        #expect(configuration["lora_alpha"] as? Int == 6)
        #expect(configuration["target_modules"] as? [String] == ["q_proj", "v_proj"])
    }

    @Test("a full adapter's file is a model's weights")
    func fullFile() throws {
        let design = FullDesign(configuration: checkpoint.configuration)
        let method = try design.prepared(AdapterPreparation(checkpoint: checkpoint))
        let adapter = try AdapterFile(
            design: design, baseModel: AdapterFile.BaseModel(name: "model", fingerprint: "x"),
            values: method.initialValues, arithmetic: .float32, toolVersion: "1")
        try CheckpointWriter.write(
            configuration: design.configuration, tensors: adapter.tensors, to: directory.path + "/copy")
        #expect(try Checkpoint(directory: directory.path + "/copy").fingerprint() == checkpoint.fingerprint())
    }

    @Test("LoRA starts with A uniform over ±1/√inputs and B = 0; the seed decides A")
    func startOfLoRA() throws {
        let design = try LoRADesign(modules: modules, rank: 8)
        func start(_ seed: UInt64) throws -> [Float] {
            try design.prepared(AdapterPreparation(checkpoint: checkpoint, initialSeed: seed)).initialValues
        }
        let values = try start(1)
        #expect(try values == start(1) && values != start(2))
        var rest = values[...]
        for module in modules {
            let a = rest.prefix(8 * module.inputs), bound = 1 / Float(module.inputs).squareRoot()
            rest = rest.dropFirst(a.count)
            #expect(a.allSatisfy { $0.magnitude <= bound })
            // Mean square bound² / 3, five standard errors √(4/45 / n) of it away at most.
            let square = a.reduce(0) { $0 + $1 * $1 } / Float(a.count) / (bound * bound)
            #expect((square - 1 / 3).magnitude < 5 * (4 / 45 / Float(a.count)).squareRoot(), "\(module.name)")
            #expect(rest.prefix(8 * module.outputs).allSatisfy { $0 == 0 })
            rest = rest.dropFirst(8 * module.outputs)
        }
        #expect(rest.isEmpty)
    }

    @Test("LoRA-XS starts near zero, full fine-tuning from the checkpoint")
    func otherStarts() throws {
        let design = try LoRAXSDesign(modules: modules, rank: 4)
        let values = try design.prepared(AdapterPreparation(checkpoint: checkpoint, initialSeed: 1)).initialValues
        let square = values.reduce(0) { $0 + $1 * $1 } / Float(values.count)
        #expect((square / 1e-10 - 1).magnitude < 5 * (2 / Float(values.count)).squareRoot())
        let full = try FullDesign(configuration: checkpoint.configuration)
            .prepared(AdapterPreparation(checkpoint: checkpoint)).initialValues
        let norm = try checkpoint.tensor("model.norm.weight", [16]).floats()
        #expect(Array(full.suffix(16)) == norm)
    }

    @Test("the scale is alpha / rank, in the change and in the gradient")
    func scale() throws {
        let preparation = AdapterPreparation(checkpoint: checkpoint)
        let scaled = try LoRAXSDesign(modules: some, rank: 2, alpha: 5).prepared(preparation)
        let values = gaussian(scaled.parameterCount, seed: 2)
        guard case .change(let change) = scaled.effect(of: values), case .mixing(let fold) = scaled.gradient else {
            Issue.record("LoRA-XS is a change with a mixing gradient")
            return
        }
        #expect(change.mixing == values.map { 2.5 * $0 } && fold(values) == change.mixing)
        let lora = try LoRADesign(modules: some, rank: 2, alpha: 5).prepared(preparation)
        guard case .change(let change) = lora.effect(of: gaussian(lora.parameterCount, seed: 3)) else {
            Issue.record("LoRA is a change")
            return
        }
        #expect(change.mixing == some.flatMap { _ in [2.5, 0, 0, 2.5] as [Float] })
    }

    @Test("designs that no model carries are refused")
    func refusals() throws {
        func message(_ body: () throws -> Any) -> String? {
            do {
                _ = try body()
                return nil
            } catch {
                return (error as? AdapterError)?.message
            }
        }
        #expect(message { try LoRADesign(modules: modules, rank: 0) } == "the rank is 0, it must be at least 1")
        #expect(
            message { try LoRAXSDesign(modules: modules, rank: 9) }
                == "rank 9 exceeds model.layers.0.self_attn.k_proj, which is [8, 16]")
        #expect(
            message { try LoRADesign(modules: modules, rank: 1 << 17) }
                == "the rank is 131072, it must be at most 65536")
        #expect(message { try LoRAXSDesign(modules: [], rank: 1) } == "a plan needs at least one module")
        #expect(
            message { try LoRADesign(modules: modules, rank: 1, alpha: -1) }
                == "lora_alpha is -1.0, it must be positive")
        let other = [AdaptedModule(layer: 0, kind: .query, outputs: 16, inputs: 8)]
        #expect(
            message { try LoRADesign(modules: other, rank: 1).prepared(AdapterPreparation(checkpoint: checkpoint)) }?
                .contains("q_proj [16, 8]") == true)
        var configuration = checkpoint.configuration
        configuration.layerCount = 3
        #expect(
            message {
                try FullDesign(configuration: configuration).prepared(AdapterPreparation(checkpoint: checkpoint))
            }?.contains(checkpoint.directory) == true)
    }

    @Test("files whose notes are damaged are refused, naming the note and the file")
    func damagedNotes() throws {
        for design in try designs().dropFirst(2) {
            let adapter = try AdapterFile(
                design: design, baseModel: AdapterFile.BaseModel(name: "model", fingerprint: "x"),
                values: gaussian(design.parameterCount, seed: 9), arithmetic: .float32, toolVersion: "1")
            try adapter.write(to: path)
            let notes = try SafetensorsFile(path: path).metadata, whole = adapter.tensors + design.frozenTensors
            for key in notes.keys where key != "adapter_config" {
                try SafetensorsWriter.write(
                    whole, metadata: notes.merging([key: "-x"]) { $1 }.filter { $0.key != "base_model_name" },
                    to: path)
                let error = #expect(throws: AdapterError.self, "\(design), \(key)") { try AdapterFile.load(path: path) }
                #expect(error?.message.contains(path) == true)
            }
            var tensors = whole
            tensors.removeLast()
            try SafetensorsWriter.write(tensors, metadata: notes, to: path)
            #expect(throws: AdapterError.self) { try AdapterFile.load(path: path) }
        }
    }
}
