import ArgumentParser
import Foundation
import TinyFoundation
import TinyLoRA

/// An adapter in the layout of other tools.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an adapter in the layout of another tool, merges it into the model, or prints it as a code.",
        discussion: """
            peft-lora      a LoRA of PEFT with the same effect, for transformers, vLLM and others
            peft-tinylora  a TinyLoRA of PEFT, with frozen factors and projections in the file
            gguf-lora      a LoRA of llama.cpp: one file, which suits every GGUF file of the model
            mlx            a LoRA of mlx-lm
            merged         a model directory with the change added to the weights; in bf16 rounding may lose most of a small \
            change, and the command says how much is left
            code           one line of text that every command takes instead of an adapter file: TinyLoRA and LoRA-XS of up \
            to about 290 bf16 numbers; no model is read unless --model names one

            EXAMPLES
              tinylora export runs/demo --to code
              tinylora export runs/demo --to peft-lora --output demo-lora
              tinylora export adapter.safetensors --model Qwen/Qwen2.5-0.5B --to peft-lora --rank 8 --type bf16 --output lora
              tinylora export adapter.safetensors --model Qwen/Qwen2.5-0.5B --to gguf-lora --output adapter.gguf
              tinylora export adapter.safetensors --model Qwen/Qwen2.5-0.5B --to merged --output merged --json
              tinylora export my-peft-lora --model Qwen/Qwen2.5-0.5B --to mlx --output mlx-lora
            """)

    @Argument(help: "Adapter file or code, or the directory of a run or one of PEFT.", transform: path)
    var adapter: String
    @Option(
        name: .customLong("to"), help: ArgumentHelp("Layout: \(Self.layouts).", valueName: "layout"),
        transform: target)
    var target: Target
    @Option(
        help: ArgumentHelp(
            "Directory, GGUF file or downloaded name of the adapter's model (default: Abacus).", valueName: "path"),
        transform: modelPath)
    var model: String?
    @Option(
        help: ArgumentHelp(
            "Directory for the files; file of a gguf-lora; of a code, a file to write it to (default: none).",
            valueName: "path"),
        transform: path)
    var output: String?
    @Option(
        parsing: .unconditional,
        help: "Rank of a peft-lora, filled with zeros, for servers that want one of a few (default: the adapter's).")
    var rank: Int?
    @Option(
        help: ArgumentHelp(
            "Type of the numbers of peft-lora, gguf-lora and mlx: fp32, bf16 or fp16.", valueName: "type"),
        transform: elementType)
    var type = ElementType.float32
    @OptionGroup var threading: ThreadOptions
    @Flag(help: "Print the result as JSON.")
    var json = false

    /// What an adapter is turned into.
    enum Target: Equatable {
        case layout(ExportLayout), code
    }

    private static let layouts = (ExportLayout.allCases.map(\.rawValue) + ["code"]).joined(separator: ", ")

    @Sendable private static func target(_ text: String) throws -> Target {
        if text == "code" { return .code }
        guard let layout = ExportLayout(rawValue: text) else { throw ValidationError("expected one of \(layouts)") }
        return .layout(layout)
    }

    @Sendable private static func elementType(_ text: String) throws -> ElementType {
        guard let type = ElementType(rawValue: text) else { throw ValidationError("expected fp32, bf16 or fp16") }
        return type
    }

    func validate() throws {
        _ = try threading.count()
        guard output != nil || target == .code else {
            throw ValidationError("--output names the directory for the files")
        }
        guard rank == nil || target == .layout(.peftLoRA) else {
            throw ValidationError("--rank is for --to peft-lora only")
        }
        guard type == .float32 || [.layout(.peftLoRA), .layout(.ggufLoRA), .layout(.mlx)].contains(target) else {
            throw ValidationError("--type is for --to peft-lora, gguf-lora and mlx only")
        }
    }

    func run() async throws {
        let console = Console(json: json)
        let source = try AdapterSource(adapter)
        guard case .layout(let layout) = target, let output else { return try writeCode(of: source, console) }
        let model = try UnloadedModel(directory: model), file = try model.adapter(from: source)
        let result = try model.export(
            file, as: layout, to: output, rank: rank, type: type, threads: threading.count(), cache: factorCache(),
            progress: FactorDisplay(console).show)
        console.say("adapter    \(file.design.description)")
        console.say("layout     \(result.layout)" + (result.rank.map { " · rank \($0)" } ?? ""))
        if let merge = result.merge {
            console.say(
                "weights    \(grouped(merge.weights)) changed, "
                    + String(format: "%.1f %% of them left as they were by rounding", 100 * merge.unchangedShare))
            console.say(String(format: "kept       %.1f %% of the change", 100 * merge.kept))
            if merge.kept < MergeSummary.mostlyLost {
                StandardError.write(
                    "warning: rounding to the stored type lost most of the change; the merged model is nearly the base model\n"
                )
            }
        }
        for note in result.notes { console.say("note       \(note)") }
        console.say("output     \(result.output)")
        try console.result(result)
    }

    /// Prints the adapter's code; with a model only after checking that the adapter belongs to it.
    private func writeCode(of source: AdapterSource, _ console: Console) throws {
        let code = try source.code
        if let model { _ = try UnloadedModel(directory: model).adapter(from: source) }
        if let output { try AtomicFile.write(Data((code.text + "\n").utf8), to: output) }
        console.say(code.text)
        try console.result(CodeResult(format: "code", code: code.text, characters: code.text.count))
    }

    private struct CodeResult: Encodable {
        let format: String
        let code: String
        let characters: Int
    }
}
