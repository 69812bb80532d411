import ArgumentParser
import Foundation
import TinyLoRA
import TinyFoundation

/// Shapes, plans and bytes.
struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Shows a model's or an adapter's shape, modules, plan and size in bytes.",
        discussion: """
            Of a model it shows the hash of its weights, its sizes, and the plan of a TinyLoRA adapter with --parameters \
            numbers: rank, and how many groups of matrices share numbers. The plan has rank 2 unless --rank says \
            otherwise, while `tinylora train` takes 8 on Abacus. Of an adapter it shows what it is for, its plan and its \
            first numbers.

            EXAMPLES
              tinylora inspect
              tinylora inspect --model Qwen/Qwen2.5-7B-Instruct --parameters 13
              tinylora inspect --model Qwen2.5-0.5B-Instruct-Q4_K_M.gguf
              tinylora inspect --adapter runs/demo/adapter.safetensors
              tinylora inspect --adapter peft-lora
              tinylora inspect --adapter tl1p…
            """)

    @Option(
        help: ArgumentHelp("Directory, GGUF file or downloaded name of a model (default: Abacus).", valueName: "path"),
        transform: modelPath)
    var model: String?
    @Option(
        help: ArgumentHelp(
            "Adapter to show instead of a model: a file, a directory or a code.", valueName: "adapter"), transform: path
    )
    var adapter: String?
    @Option(parsing: .unconditional, help: "Trained parameters to plan for.")
    var parameters = 13
    @Option(parsing: .unconditional, help: "Rank of the frozen factors.")
    var rank = 2
    @Flag(help: "List every module with its group.")
    var modules = false
    @Flag(help: "Print the result as JSON.")
    var json = false

    func run() async throws {
        let console = Console(json: json)
        if let adapter { return try inspect(AdapterSource(adapter), console) }
        let path = try model ?? AbacusFiles.directory()
        let checkpoint = try Checkpoint(directory: path), sizes = checkpoint.configuration
        try checkpoint.requireParameters()
        let plan = try AdapterPlan.resolving(
            parameters: parameters, modules: sizes.modules, rank: rank)
        let fingerprint = try checkpoint.fingerprint(cache: .standard()), arithmetic = try checkpoint.arithmetic
        console.say("model      \(model ?? "abacus") (\(sizes.architecture.rawValue))")
        if let file = checkpoint.ggufDescription { console.say("file       \(phrase(file))") }
        console.say("weights    \(fingerprint)")
        console.say("arithmetic \(arithmetic.rawValue), which suits the stored weights")
        console.say(
            "shape      \(grouped(sizes.parameterCount)) parameters · \(sizes.layerCount) layers of \(sizes.hiddenSize)"
                + " · \(sizes.headCount) heads of \(sizes.headDimension) on \(sizes.keyValueHeadCount) · feed-forward "
                + "\(sizes.intermediateSize)")
        console.say(
            "text       vocabulary \(grouped(sizes.vocabularySize)) · context \(grouped(sizes.contextLength)) · head "
                + (sizes.tiesEmbeddings ? "tied" : "untied"))
        let design = TinyLoRADesign(plan: plan, seed: 0)
        show(design, console)
        try console.result(
            ModelResult(
                model: path, gguf: checkpoint.ggufDescription, fingerprint: fingerprint, arithmetic: arithmetic,
                parameters: sizes.parameterCount, configuration: sizes.jsonValue(),
                plan: "\(plan)", trainedParameters: plan.parameterCount,
                modules: listed(design)))
    }

    /// Such as `GGUF version 3 · 291 tensors: 133 Q5_0, 121 F32, 37 Q4_K`.
    private func phrase(_ file: Checkpoint.GGUFDescription) -> String {
        let types = file.tensors.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
        return "GGUF version \(file.version) · \(file.files > 1 ? "\(file.files) files · " : "")"
            + "\(types.reduce(0) { $0 + $1.value }) tensors: "
            + types.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private func inspect(_ source: AdapterSource, _ console: Console) throws {
        switch source {
        case .peft(let peft) where model == nil: try inspect(peft, console)
        case .peft:
            let file = try UnloadedModel(directory: model).adapter(from: source)
            console.say("adapter    for \(file.baseModel.name), written by \(file.toolVersion)")
            try inspect(file, isCode: false, console)
        case .file(_, let file):
            console.say("adapter    for \(file.baseModel.name), written by \(file.toolVersion)")
            try inspect(file, isCode: false, console)
        case .code(let code):
            console.say("adapter    code of \(code.text.count) characters")
            let file = try AdapterFile(
                design: code.outline, baseModel: AdapterFile.BaseModel(name: "", fingerprint: code.baseModel),
                values: code.values, elementType: code.elementType, arithmetic: code.notedArithmetic, toolVersion: "")
            try inspect(file, isCode: true, console)
        }
    }

    /// A code knows the beginning of its model's fingerprint, and no shapes.
    private func inspect(_ file: AdapterFile, isCode: Bool, _ console: Console) throws {
        console.say(
            "arithmetic \(file.arithmetic.rawValue)"
                + (file.notedArithmetic == nil ? ", not noted: the adapter was made before there were two" : ""))
        console.say("base       \(file.baseModel.fingerprint)" + (isCode ? "…" : ""))
        show(file.values, file.elementType, of: file.design, hasShapes: !isCode, console)
        for (key, value) in file.details.sorted(by: { $0.key < $1.key }) { console.say("\(key): \(value)") }
        try console.result(
            AdapterResult(
                baseModel: isCode ? nil : file.baseModel.name, fingerprint: file.baseModel.fingerprint,
                method: file.design.method,
                plan: file.design.description, trainedParameters: file.design.parameterCount,
                adapterBytes: file.valuesByteCount, arithmetic: file.arithmetic,
                elementType: file.elementType.rawValue, projectionSeed: file.design.frozenParts?.seed,
                values: Array(file.values.prefix(Self.mostValues)), modules: listed(file.design, hasShapes: !isCode)))
    }

    /// A directory of PEFT, without the model that it is for.
    private func inspect(_ peft: PEFTAdapter, _ console: Console) throws {
        console.say(
            "adapter    \(peft.kind) of PEFT\(peft.version.map { " \($0)" } ?? "") for "
                + (peft.baseModel ?? "a model that it does not name"))
        show(peft.values, peft.elementType, of: peft.design, console)
        try console.result(
            AdapterResult(
                baseModel: peft.baseModel, fingerprint: nil, method: peft.design.method,
                plan: peft.design.description, trainedParameters: peft.design.parameterCount,
                adapterBytes: peft.values.count * peft.elementType.byteCount, arithmetic: nil,
                elementType: peft.elementType.rawValue, projectionSeed: nil,
                values: Array(peft.values.prefix(Self.mostValues)), modules: listed(peft.design)))
    }

    private func show(
        _ values: [Float], _ type: ElementType, of design: any AdapterDesign, hasShapes: Bool = true, _ console: Console
    ) {
        console.say(
            "values     \(grouped(values.count * type.byteCount)) bytes in \(type.safetensorsName)"
                + (design.frozenParts?.seed.map { " · projection seed \($0)" } ?? ""))
        console.say("           " + values.prefix(16).map { String(format: "%.5g", $0) }.joined(separator: " "))
        show(design, hasShapes: hasShapes, console)
    }

    /// Values that are listed: adapters of more numbers are read from the file.
    private static let mostValues = 4096

    private func listed(_ design: any AdapterDesign, hasShapes: Bool = true) -> [Module] {
        let groups = design.groups
        return design.modules.enumerated().map { Module($1, group: groups?[$0] ?? $0, hasShape: hasShapes) }
    }

    private func show(_ design: any AdapterDesign, hasShapes: Bool = true, _ console: Console) {
        console.say("plan       \(design.description)")
        guard modules else { return }
        console.say(" group   outputs    inputs  module")
        func number(_ size: Int?) -> String { column(size.map { "\($0)" } ?? "", 10) }
        for module in listed(design, hasShapes: hasShapes) {
            console.say(
                column("\(module.group)", 6) + number(module.outputs) + number(module.inputs) + "  " + module.name)
        }
    }

    private struct Module: Encodable {
        let name: String
        let outputs: Int?
        let inputs: Int?
        let group: Int

        init(_ module: AdaptedModule, group: Int, hasShape: Bool) {
            name = module.name
            outputs = hasShape ? module.outputs : nil
            inputs = hasShape ? module.inputs : nil
            self.group = group
        }
    }

    private struct ModelResult: Encodable {
        let model: String
        let gguf: Checkpoint.GGUFDescription?
        let fingerprint: String
        let arithmetic: Arithmetic
        let parameters: Int
        /// With the keys of `config.json`.
        let configuration: JSONValue
        let plan: String
        let trainedParameters: Int
        let modules: [Module]

        enum CodingKeys: String, CodingKey {
            case model, gguf, fingerprint, arithmetic, configuration, plan, modules
            case parameters = "model_parameters"
            case trainedParameters = "trained_parameters"
        }
    }

    private struct AdapterResult: Encodable {
        let baseModel: String?
        let fingerprint: String?
        let method: String
        let plan: String
        let trainedParameters: Int
        let adapterBytes: Int
        let arithmetic: Arithmetic?
        let elementType: String
        let projectionSeed: UInt64?
        let values: [Float]
        let modules: [Module]

        enum CodingKeys: String, CodingKey {
            case method, arithmetic, plan, values, modules
            // As in the notes of an adapter file.
            case baseModel = "base_model_name"
            case fingerprint = "base_model_fingerprint"
            case trainedParameters = "trained_parameters"
            case adapterBytes = "adapter_bytes"
            case elementType = "element_type"
            case projectionSeed = "projection_seed"
        }
    }
}
