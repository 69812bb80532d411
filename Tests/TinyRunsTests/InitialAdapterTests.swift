import Foundation
import Testing
import TinyAdapter
import TinyCheckpoint
import TinyFoundation
import TinyLearning
import TinyModel
import TinyRecords
import TinyRuns
import TinyTestSupport

/// Training that starts from an adapter, on a small model with real weights.
@Suite("Training from an adapter") struct InitialAdapterTests {
    enum Form: CaseIterable {
        case file, run, code, peftLoRA, peftTinyLoRA
    }

    enum Kind {
        case tinyLoRA, someLayers, loraXS, lora
    }

    static let starts: [(Kind, Form, Algorithm)] =
        [.grpo, .sft, .openES, .cmaES].map { (Kind.tinyLoRA, Form.file, $0) } + [
            (.tinyLoRA, .run, .grpo), (.tinyLoRA, .code, .sft), (.tinyLoRA, .peftLoRA, .sft),
            (.tinyLoRA, .peftTinyLoRA, .sft), (.tinyLoRA, .peftTinyLoRA, .cmaES), (.someLayers, .code, .grpo),
            (.loraXS, .file, .sft), (.loraXS, .code, .openES), (.lora, .file, .grpo), (.lora, .peftLoRA, .sft),
            (.lora, .file, .openES),
        ]

    @Test("has its numbers before the first step, and changes no other thing of it", arguments: starts)
    func startsThere(kind: Kind, form: Form, algorithm: Algorithm) async throws {
        try await withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model)
            let adapter = try adapter(kind, loaded)
            let argument = try write(adapter, as: form, in: folder, loaded)
            let start = try loaded.adapter(at: argument)
            var settings = try settings(algorithm, in: folder)
            try settings.start(from: argument)
            // A step of this size is lost in rounding.
            if algorithm == .cmaES { settings.evolution.sigma = 1e-30 } else { settings.optimiser.learningRate = 1e-30 }
            let run = try await TrainingRun(settings, in: folder + "/trained", options: options())
            let trained = try await run.train()
            #expect(firstDifference(trained.result.state.parameters, start.values) == nil)
            #expect(AnyHashable(trained.adapter.design) == AnyHashable(start.design))
            #expect(trained.adapter.elementType == start.elementType)
            #expect(trained.adapter.arithmetic == loaded.arithmetic)
            let before = try #require(trained.result.evaluations.first),
                after = try #require(trained.result.evaluations.last)
            #expect(before.step == 0 && after.step == 1 && before.loss == after.loss && before.tokens == after.tokens)
            let untrained = try await untrainedLoss(settings, in: folder)
            if algorithm == .sft { #expect(before.loss != untrained) }
            let manifest = try RunManifest(contentsOf: folder + "/trained/manifest.json")
            #expect(manifest.initialAdapter == (try AdapterSource(argument).fingerprint()))
        }
    }

    @Test("that a run of the same settings trained is evaluated to the same bits as at that run's end")
    func continuesARun() async throws {
        try await withTemporaryDirectory { folder in
            let first = try settings(.sft, in: folder, steps: 2)
            let trained = try await TrainingRun(first, in: folder + "/first", options: options()).train()
            var second = first
            try second.start(from: folder + "/first")
            let more = try await TrainingRun(second, in: folder + "/second", options: options()).train()
            let end = try #require(trained.result.evaluations.last), start = try #require(more.result.evaluations.first)
            #expect(start.loss == end.loss && start.strict == end.strict && start.tokens == end.tokens)
            let last = try #require(more.result.evaluations.last?.loss)
            #expect(last < (try #require(end.loss)))
            #expect(more.adapter.details["initial_adapter"]?.hasPrefix("adapter.safetensors (") == true)
        }
    }

    // MARK: Settings

    @Test("takes every setting of the adapter from the file, the rest from the recipe")
    func takesSettings() throws {
        try withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model)
            for (kind, method) in [(Kind.tinyLoRA, AdapterMethodKind.tinyLoRA), (.loraXS, .loraXS), (.lora, .lora)] {
                let adapter = try adapter(kind, loaded)
                try adapter.write(to: folder + "/adapter.safetensors")
                let recipe = try Recipe(
                    text: "initial_adapter: .\nbase: abacus\nmax_steps: 3\nmethod: \(method.rawValue)\n",
                    path: folder + "/recipe.yaml")
                let found = try recipe.configuration()
                #expect(found.initialAdapter == URL(filePath: folder).standardizedFileURL.path)
                #expect(found.steps == 3 && found.rollout == TrainingConfiguration.demonstration.rollout)
                #expect(found.arithmetic == .float32 && found.adapter.method == method)
                #expect(found.adapter.parameters == adapter.design.parameterCount)
                #expect(found.adapter.elementType == adapter.elementType)
                let own = try found.adapter.design(for: loaded.checkpoint.configuration)
                #expect(AnyHashable(own) == AnyHashable(adapter.design))
                // What a run's directory keeps is a recipe, too.
                let again = try Recipe(text: found.jsonDocument(), path: folder + "/configuration.json")
                #expect(try again.configuration() == found)
                let outline = try RunOutline(try starting(at: folder), output: "run")
                #expect(outline.plan == adapter.design.description && outline.initialAdapter != nil)
            }
        }
    }

    @Test(
        "refuses a setting that disagrees, naming the place, the key, both values and the file",
        arguments: [
            ("method: lora", "recipe.yaml:2: method is lora, but the initial adapter FILE has tinylora"),
            ("rank: 4", "recipe.yaml:2: rank is 4, but the initial adapter FILE has 2"),
            ("parameters: 14", "recipe.yaml:2: parameters is 14, but the initial adapter FILE has 3"),
            ("u: 2", "recipe.yaml:2: u is 2, but the initial adapter FILE has 1"),
            ("tying: full", "recipe.yaml:2: tying is full, but the initial adapter FILE has tiled:5"),
            ("lora_alpha: 4", "recipe.yaml:2: lora_alpha is 4.0, but the initial adapter FILE has none"),
            (
                "target_modules: [q_proj]",
                "recipe.yaml:2: target_modules is q_proj, but the initial adapter FILE has all-linear"
            ),
            (
                "frozen_subspace: bottom",
                "recipe.yaml:2: frozen_subspace is bottom, but the initial adapter FILE has top"
            ),
            ("element_type: fp32", "recipe.yaml:2: element_type is fp32, but the initial adapter FILE has bf16"),
            ("projection_seed: 6", "recipe.yaml:2: projection_seed is 6, but the initial adapter FILE has 5"),
        ])
    func disagreement(line: String, message: String) throws {
        try withTemporaryDirectory { folder in
            try adapter(.tinyLoRA, LoadedModel(directory: model)).write(to: folder + "/adapter.safetensors")
            let recipe = try Recipe(text: "initial_adapter: .\n\(line)\n", path: folder + "/recipe.yaml")
            let error = try #require(throws: RunError.self) { try recipe.configuration() }
            let file = URL(filePath: folder).standardizedFileURL.path + "/adapter.safetensors"
            #expect(error.message == folder + "/" + message.replacingOccurrences(of: "FILE", with: file))
            #expect(error.hint?.contains("initial_adapter") == true)
        }
    }

    @Test("accepts what agrees, however it is written")
    func agreement() throws {
        try withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model)
            try adapter(.tinyLoRA, loaded).write(to: folder + "/tiny.safetensors")
            try adapter(.lora, loaded).write(to: folder + "/lora.safetensors")
            for text in [
                "initial_adapter: tiny.safetensors\nrank: 2\nparameters: 3\nelement_type: bf16\ntying: tiled:5\nu: 1",
                "initial_adapter: tiny.safetensors\n"
                    + "target_modules: [down_proj, q_proj, k_proj, v_proj, o_proj, up_proj, gate_proj]",
                "initial_adapter: lora.safetensors\ntarget_modules: [v_proj, q_proj]\nlora_alpha: 4\nprojection_seed: 9",
            ] { _ = try Recipe(text: text, path: folder + "/recipe.yaml").configuration() }
        }
    }

    @Test("refuses all weights, a missing file, another base model and settings that were not taken from the file")
    func refusals() async throws {
        try await withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model)
            let full = FullDesign(configuration: loaded.checkpoint.configuration)
            let weights = try loaded.adapter(full, values: noise(full.parameterCount, seed: 1), type: .float32)
            try weights.write(to: folder + "/full.safetensors")
            func message(_ text: String) -> String? {
                #expect(throws: RunError.self) {
                    try Recipe(text: text, path: folder + "/recipe.yaml").configuration()
                }?.message
            }
            #expect(message("initial_adapter: full.safetensors")?.contains("full fine-tuning cannot start") == true)
            #expect(
                message("seed: 1\ninitial_adapter: none.safetensors")?.contains("recipe.yaml:2: initial_adapter")
                    == true)
            #expect(message("initial_adapter: \"\"")?.contains("is an empty path") == true)

            try adapter(.tinyLoRA, loaded).write(to: folder + "/adapter.safetensors")
            var other = try starting(at: folder)
            other.model = fixtures(of: "qwen2-untied").path
            let error = await #expect(throws: AdapterError.self) {
                try await TrainingRun(other, in: folder + "/other", options: options())
            }
            #expect(error?.code == .differentBaseModel)

            var typed = try settings(.grpo, in: folder)
            typed.initialAdapter = folder
            typed.adapter.rank = 3
            let disagreement = await #expect(throws: RunError.self) {
                try await TrainingRun(typed, in: folder + "/typed", options: options())
            }
            #expect(disagreement?.message.contains("is null, but the initial adapter") == true)
        }
    }

    @Test("of a deeper model is refused as another model's before anything starts, and its code is not called damaged")
    func otherBaseOutlined() throws {
        try withTemporaryDirectory { folder in
            let deeper = try LoadedModel(directory: nil)
            let design = TinyLoRADesign(
                plan: try AdapterPlan(modules: deeper.checkpoint.configuration.modules, rank: 1, tying: .full), seed: 5)
            let code = try AdapterCode(deeper.adapter(design, values: [0.5], type: .bfloat16)).text
            var settings = try settings(.grpo, in: folder)
            try settings.start(from: code)
            let outlined = #expect(throws: AdapterError.self) { try RunOutline(settings, output: "run") }
            let checked = #expect(throws: AdapterError.self) { try RunChecks().check(settings) }
            #expect(outlined?.code == .differentBaseModel && checked?.code == .differentBaseModel)
        }
    }

    @Test("is resumed from the same adapter only")
    func resumed() async throws {
        try await withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model), file = folder + "/adapter.safetensors"
            try adapter(.tinyLoRA, loaded).write(to: file)
            let settings = try starting(at: folder)
            _ = try await TrainingRun(settings, in: folder + "/run", options: options()).train()
            let whole = try read(folder + "/run/adapter.safetensors")
            _ = try await TrainingRun(settings, in: folder + "/run", options: options(resuming: true)).train()
            #expect(try read(folder + "/run/adapter.safetensors") == whole)

            try adapter(.tinyLoRA, loaded, seed: 2).write(to: file)
            let changed = await #expect(throws: RunError.self) {
                try await TrainingRun(settings, in: folder + "/run", options: options(resuming: true))
            }
            #expect(changed?.code == .differentSettings)
            #expect(changed?.message.contains("made with initial_adapter adapter.safetensors (") == true)
            try FileManager.default.removeItem(atPath: file)
            await #expect(throws: RunError.self) {
                try await TrainingRun(settings, in: folder + "/run", options: options(resuming: true))
            }
        }
    }

    @Test("is an axis of a sweep")
    func sweep() throws {
        try withTemporaryDirectory { folder in
            let loaded = try LoadedModel(directory: model), tiny = try adapter(.tinyLoRA, loaded)
            try tiny.write(to: folder + "/tiny.safetensors")
            try adapter(.lora, loaded).write(to: folder + "/lora.safetensors")
            let code = try AdapterCode(tiny).text
            let text = "runs: [{initial_adapter: [null, tiny.safetensors, lora.safetensors, \(code)]}]"
            let plan = try SweepPlan(SweepFile(text: text, path: folder + "/sweep.yaml"))
            let found = plan.runs.map(\.configuration)
            #expect(found.map(\.adapter.method) == [.tinyLoRA, .tinyLoRA, .lora, .tinyLoRA])
            #expect(found.map(\.adapter.parameters) == [nil, 3, found[2].adapter.parameters, 3])
            #expect(found[3].initialAdapter == code)
            #expect(Set(plan.runs.map(\.name)).count == 4 && plan.runs[1].name.contains("initial_adapter-tiny"))
        }
    }

    // MARK: Pieces

    private let model = fixtures(of: "qwen2-tied").path

    private func options(resuming: Bool = false) -> TrainingRun.Options {
        var options = TrainingRun.Options()
        options.threads = 1
        options.isResuming = resuming
        options.factorCache = nil
        return options
    }

    private func settings(_ algorithm: Algorithm, in folder: String, steps: Int = 1) throws -> TrainingConfiguration {
        let problems = folder + "/problems.jsonl"
        try TinyTestSupport.write(
            #"{"question": "2 + 3 =", "answer": "5", "solution": "2 + 3 = 5. #### 5"}"# + "\n", to: problems)
        var settings = TrainingConfiguration(algorithm)
        settings.model = model
        settings.train = problems
        settings.eval = problems
        settings.steps = steps
        settings.promptStyle = "plain"
        settings.rollout.problemsPerStep = 1
        settings.rollout.groupSize = 2
        settings.rollout.maxTokens = 4
        settings.supervised.examplesPerStep = 1
        settings.evolution.populationSize = 4
        return settings
    }

    /// Settings of a run that starts from the adapter in `folder`.
    private func starting(at folder: String) throws -> TrainingConfiguration {
        var settings = try settings(.sft, in: folder)
        try settings.start(from: folder)
        return settings
    }

    private func untrainedLoss(_ settings: TrainingConfiguration, in folder: String) async throws -> Double? {
        var plain = settings
        plain.initialAdapter = nil
        plain.adapter = AdapterSettings()
        let run = try await TrainingRun(plain, in: folder + "/plain", options: options())
        return try await run.train().result.evaluations.first?.loss
    }

    private func adapter(_ kind: Kind, _ loaded: LoadedModel, seed: UInt64 = 1) throws -> AdapterFile {
        let modules = loaded.checkpoint.configuration.modules
        let queries = modules.filter { ["q_proj", "v_proj"].contains($0.kind.suffix) }
        let tiled = Tying.tiled(modulesPerGroup: 5)
        let design: any AdapterDesign =
            switch kind {
            case .tinyLoRA: TinyLoRADesign(plan: try AdapterPlan(modules: modules, rank: 2, tying: tiled), seed: 5)
            case .someLayers:
                TinyLoRADesign(plan: try AdapterPlan(modules: Array(modules.suffix(7)), rank: 1, tying: .full), seed: 5)
            case .loraXS: try LoRAXSDesign(modules: queries, rank: 2, alpha: 4, subspace: .random, seed: 3)
            case .lora: try LoRADesign(modules: queries, rank: 2, alpha: 4)
            }
        return try loaded.adapter(
            design, values: noise(design.parameterCount, seed: seed).map { 0.3 * $0 },
            type: kind == .loraXS ? .float32 : .bfloat16)
    }

    /// Writes an adapter in one of the forms and returns what names it.
    private func write(
        _ adapter: AdapterFile, as form: Form, in folder: String, _ loaded: LoadedModel
    ) throws -> String {
        switch form {
        case .file:
            try adapter.write(to: folder + "/start.safetensors")
            return folder + "/start.safetensors"
        case .run:
            try FileManager.default.createDirectory(atPath: folder + "/start", withIntermediateDirectories: true)
            try adapter.write(to: folder + "/start/" + AdapterFile.name)
            return folder + "/start"
        case .code: return try AdapterCode(adapter).text
        case .peftLoRA, .peftTinyLoRA:
            let layout: ExportLayout = form == .peftLoRA ? .peftLoRA : .peftTinyLoRA
            _ = try loaded.export(adapter, as: layout, to: folder + "/peft", threads: 1, cache: nil)
            return folder + "/peft"
        }
    }
}
