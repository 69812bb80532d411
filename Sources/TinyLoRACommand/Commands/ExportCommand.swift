import ArgumentParser
import Foundation
import TinyFoundation
import TinyLoRA

/// An adapter in the layout of other tools.
struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Writes an adapter in the layout of another tool, or merges it into the model.",
        discussion: """
            peft-lora      a LoRA of PEFT with the same effect, for transformers, vLLM and others
            peft-tinylora  a TinyLoRA of PEFT, with frozen factors and projections in the file
            gguf-lora      a LoRA of llama.cpp: one file, which suits every GGUF file of the model
            mlx            a LoRA of mlx-lm
            merged         a model directory with the change added to the weights; in bf16 rounding may lose most of a small \
            change, and the command says how much is left

            EXAMPLES
              tinylora export runs/demo --to peft-lora --output demo-lora
              tinylora export adapter.safetensors --model Qwen2.5-0.5B --to peft-lora --rank 8 --type bf16 --output lora
              tinylora export adapter.safetensors --model Qwen2.5-0.5B --to gguf-lora --output adapter.gguf
              tinylora export adapter.safetensors --model Qwen2.5-0.5B --to merged --output merged --json
              tinylora export my-peft-lora --model Qwen2.5-0.5B --to mlx --output mlx-lora
            """)

    @Argument(help: "Adapter file, the directory of a run, or one of PEFT.", transform: path)
    var adapter: String
    @Option(
        name: .customLong("to"), help: ArgumentHelp("Layout: \(Self.layouts).", valueName: "layout"), transform: layout)
    var layout: ExportLayout
    @Option(
        help: ArgumentHelp(
            "Directory, GGUF file or downloaded name of the adapter's model (default: Abacus).", valueName: "path"),
        transform: modelPath)
    var model: String?
    @Option(help: ArgumentHelp("Directory for the files; file of a gguf-lora.", valueName: "path"), transform: path)
    var output: String
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

    private static let layouts = ExportLayout.allCases.map(\.rawValue).joined(separator: ", ")

    @Sendable private static func layout(_ text: String) throws -> ExportLayout {
        guard let layout = ExportLayout(rawValue: text) else { throw ValidationError("expected one of \(layouts)") }
        return layout
    }

    @Sendable private static func elementType(_ text: String) throws -> ElementType {
        guard let type = ElementType(rawValue: text) else { throw ValidationError("expected fp32, bf16 or fp16") }
        return type
    }

    func validate() throws {
        _ = try threading.count()
        guard rank == nil || layout == .peftLoRA else {
            throw ValidationError("--rank is for --to peft-lora only")
        }
        guard type == .float32 || [.peftLoRA, .ggufLoRA, .mlx].contains(layout) else {
            throw ValidationError("--type is for --to peft-lora, gguf-lora and mlx only")
        }
    }

    func run() async throws {
        let console = Console(json: json)
        let source = try AdapterSource(adapter), loaded = try LoadedModel(directory: model)
        let file = try loaded.adapter(from: source)
        let result = try loaded.export(
            file, as: layout, to: output, rank: rank, type: type, threads: threading.count(), cache: factorCache()
        ) { done, total in
            if done == total { factorNote(total) }
        }
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
}
