import ArgumentParser
import Foundation
import TinyLoRA

/// Which model, how it is computed, and which problems a run is about; the same for one run and for a sweep.
struct FileOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Directory of a model in Hugging Face layout, GGUF file, or name of a downloaded model (default: Abacus).",
            valueName: "path"),
        transform: modelPath)
    var model: String?
    @Option(
        help: ArgumentHelp(
            "Arithmetic of products with the weights: float32 or bfloat16 (default: what suits the stored weights).",
            valueName: "name"))
    var arithmetic: String?
    @Option(
        help: ArgumentHelp("Training problems, JSON Lines with question and answer.", valueName: "file.jsonl"),
        transform: path)
    var train: String?
    @Option(
        help: ArgumentHelp("Test problems, evaluated before and after training.", valueName: "file.jsonl"),
        transform: path)
    var eval: String?
    @Option(help: ArgumentHelp("Problems for choosing settings.", valueName: "file.jsonl"), transform: path)
    var validation: String?

    @Option(
        help: ArgumentHelp(
            "Adapter to start from: a file, the directory of a run or one of PEFT, or a code. It decides method, rank and the adapter's other settings.",
            valueName: "adapter"),
        transform: path)
    var initialAdapter: String?

    /// The flags as settings; paths are relative to the current directory.
    var settings: [Setting] {
        let paths = [("model", model), ("train", train), ("eval", eval), ("validation", validation)]
        return paths.compactMap { key, path in
            path.map { Setting(key, .text($0.isEmpty ? $0 : absolutePath($0)), at: "--\(key)") }
        } + (arithmetic.map { [Setting("arithmetic", .text($0), at: "--arithmetic")] } ?? [])
            + (initialAdapter.map {
                [Setting("initial_adapter", .text(adapterLocation($0)), at: "--initial-adapter")]
            } ?? [])
    }
}

/// `key=value` as a setting; the value is written as in a recipe.
func parsedSetting(_ text: String) throws -> Setting {
    guard let sign = text.firstIndex(of: "="), sign > text.startIndex else {
        throw ValidationError("--set wants key=value, is \(text)")
    }
    let key = String(text[..<sign]), value = String(text[text.index(after: sign)...])
    return try Setting(flag: key, yaml: value, at: "--set \(key)")
}

/// Ends the process when standard input does: what is bound to another process by a pipe dies with it, however that ends.
///
/// A run can be stopped at any instant without losing more than the step in flight.
func watchInput() {
    let thread = Thread {
        var byte: UInt8 = 0
        while read(STDIN_FILENO, &byte, 1) > 0 { continue }
        kill(getpid(), SIGKILL)
    }
    thread.start()
}

/// This program, to start more processes of.
///
/// - Throws: ``UsageError`` when its file is gone.
func ownProgram() throws -> URL {
    guard let program = Bundle.main.executableURL?.resolvingSymlinksInPath(),
        FileManager.default.isExecutableFile(atPath: program.path)
    else { throw UsageError("the tinylora program cannot be found to start processes with") }
    return program
}
