import Foundation
import Testing

/// Flags, data files, output folders and adapters that cannot be used are one sentence before any work starts.
@Suite("arguments that are wrong", .enabled(if: Executable.isBuilt, Executable.absence), .commandThreads, .serialized)
struct ArgumentRefusalTests {
    private let row = #"{"question": "What is 2 + 3?", "answer": "2 + 3 = 5\n#### 5"}"#

    /// Trains on a good model, a good row and a good output folder, but for what a test replaces.
    private func train(
        data: String? = nil, output: String? = nil, context: Int = 4096, and rest: [String] = [], in scratch: Scratch
    ) throws -> Outcome {
        let model = try scratch.model()
        // Rotary positions need no table, so a context of any length is a good model too.
        try model.edit { $0["max_position_embeddings"] = context }
        let data = try data ?? scratch.file("good.jsonl", row + "\n")
        let output = output ?? scratch.path("run")
        return try Executable.run(
            ["train", "--model", model.path, "--train", data, "--eval", data, "--steps", "1", "--output", output]
                + rest + ["--json"], in: scratch)
    }

    @Test("an unknown flag is refused and the nearest one suggested")
    func refusesUnknownFlag() throws {
        let scratch = try Scratch()
        expectRefusal(try Executable.run(["train", "--stepz", "1"], in: scratch), naming: ["--stepz", "--steps"])
    }

    @Test(
        "an unknown flag that is a setting, here or in another program, is refused with what to write",
        arguments: [
            ("train --temperature 0.5", "write --set temperature=0.5"), ("train --max-steps 3", "write --steps 3"),
            ("train --num-generations=4", "write --group-size 4"),
            ("train --eval-steps", "write --set eval_steps=VALUE"),
            ("train --lr 1e-3", "write --learning-rate 1e-3"), ("train --kl-coef 0.1", "write --beta 0.1"),
            ("train --use-vllm", "--sampler URL"), ("train --batch-size 8", "problems_per_step"),
            ("sweep s.yaml --num-generations 4", "write --set num_generations=4"),
            ("sweep s.yaml --model-name-or-path m", "write --model m"),
        ])
    func hintsAtSetting(line: String, hint: String) throws {
        let outcome = try Executable.run(line.split(separator: " ").map(String.init), in: Scratch())
        expectRefusal(outcome, naming: [" hint: ", hint, "Usage: tinylora \(line.prefix(5))"])
        #expect(!outcome.errors.contains("Did you mean"), "\(outcome)")
    }

    @Test(
        "arguments that a command refuses itself come with its usage",
        arguments: [
            "train --resume", "train --steps 3 --epochs 1", "train --set foo", "score", "sweep s.yaml --jobs 0",
            "eval --threads 0",
        ])
    func showsUsage(line: String) throws {
        let outcome = try Executable.run(line.split(separator: " ").map(String.init), in: Scratch())
        let command = line.prefix { $0 != " " }
        expectRefusal(outcome, naming: ["Usage: tinylora \(command) ", "See 'tinylora \(command) --help'"])
        #expect(outcome.status == 64, "\(outcome)")
    }

    @Test("the version is one line")
    func version() throws {
        let outcome = try Executable.run(["--version"], in: Scratch())
        expectSuccess(outcome)
        #expect(outcome.output.wholeMatch(of: /tinylora [0-9]+\.[0-9]+\.[0-9]+\n/) != nil, "\(outcome)")
    }

    @Test("an unknown command is refused")
    func refusesUnknownCommand() throws {
        let scratch = try Scratch()
        expectRefusal(try Executable.run(["trian"], in: scratch), naming: ["trian"])
    }

    @Test(
        "a value out of its range is refused",
        arguments: [
            ["--steps", "0"], ["--steps=-1"], ["--steps", "many"], ["--parameters", "0"], ["--parameters=-13"],
            ["--rank", "0"], ["--rank", "1000"], ["--threads", "0"], ["--threads=-2"], ["--seed", "one"],
        ])
    func refusesValue(arguments: [String]) throws {
        let scratch = try Scratch(), flag = arguments[0].split(separator: "=")[0].dropFirst(2)
        expectRefusal(try train(and: arguments, in: scratch), naming: [String(flag)])
    }

    @Test(
        "settings of a method that contradict each other are refused with both",
        arguments: [
            (["--method", "lora", "--rank", "1", "--parameters", "13"], ["parameters is 13", "LoRA · rank 1"]),
            (["--tying", "full", "--parameters", "13"], ["parameters is 13", "1 parameter "]),
            (["--method", "lroa"], ["lroa", "did you mean \"lora\"?"]),
            (["--method", "full", "--lora-alpha", "8"], ["--lora-alpha", "full"]),
            (["--target-modules", "q_prj"], ["q_prj", "q_proj"]),
            (["--frozen-subspace", "botom"], ["botom", "bottom"]),
        ])
    func refusesMethod(arguments: [String], words: [String]) throws {
        let scratch = try Scratch()
        expectRefusal(try train(and: arguments, in: scratch), naming: words)
    }

    @Test(
        "a dry run refuses what the run would",
        arguments: [
            (["--train", "nope.jsonl"], "nope.jsonl"), (["--prompt-style", "boxd"], "boxed"),
            (["--max-tokens", "5000"], "max_completion_length 5000"), (["--eval", "nope.jsonl"], "nope.jsonl"),
            (["--prompt-style", "auto"], "only `tinylora eval` has auto"),
        ])
    func dryRun(arguments: [String], word: String) throws {
        expectRefusal(try Executable.run(["train", "--dry-run"] + arguments, in: Scratch()), naming: [word])
    }

    @Test(
        "a flag that changes nothing is refused with what uses it",
        arguments: [
            (["--algorithm", "sft", "--group-size", "4"], "--group-size has no effect with sft"),
            (["--set", "population_size=8"], "--set population_size has no effect with grpo"),
            (
                ["--algorithm", "cma-es", "--learning-rate", "0.3"],
                "--learning-rate is 0.3, but cma-es does not use it"
            ),
            (["--method", "lora", "--projection-seed", "3"], "--projection-seed has no effect with lora"),
            (["--method", "full", "--rank", "4"], "--rank has no effect with full"),
        ])
    func uselessFlag(arguments: [String], sentence: String) throws {
        expectRefusal(try Executable.run(["train", "--dry-run"] + arguments, in: Scratch()), naming: [sentence])
    }

    @Test("the reward is recorded, a run resumes only with the same one, and a command's score leaves no choice")
    func reward() throws {
        let scratch = try Scratch(), flags = ["--max-tokens", "8", "--eval-problems", "0", "--batch", "1"]
        expectSuccess(try train(and: flags + ["--reward", "lenient"], in: scratch))
        let file = try Data(contentsOf: URL(fileURLWithPath: scratch.path("run/configuration.json")))
        let record = try #require(JSONSerialization.jsonObject(with: file) as? [String: Any])
        #expect(record["reward"] as? String == "lenient")
        try FileManager.default.removeItem(atPath: scratch.path("model"))
        expectRefusal(
            try train(and: flags + ["--resume"], in: scratch), naming: ["reward", "lenient", "strict"])
        try FileManager.default.removeItem(atPath: scratch.path("model"))
        expectRefusal(
            try train(and: ["--reward", "lenient", "--grader", "command:cat"], in: scratch),
            naming: ["--reward is lenient", "a grader command gives the reward itself"])
        try FileManager.default.removeItem(atPath: scratch.path("model"))
        expectRefusal(
            try train(and: ["--reward", "lenent"], in: scratch), naming: ["--reward", "did you mean \"lenient\"?"])
    }

    @Test("an unknown key in a configuration is refused and the nearest one suggested")
    func refusesUnknownKey() throws {
        let scratch = try Scratch(), file = try scratch.file("recipe.json", #"{"learning_rat": 0.1}"#)
        expectRefusal(
            try train(and: ["--config", file], in: scratch), naming: ["learning_rat", "learning_rate"])
    }

    @Test("score wants either a text or tokens", arguments: [[], ["--text", "a", "--tokens", "1,2"]])
    func refusesChoice(arguments: [String]) throws {
        let scratch = try Scratch(), model = try scratch.model()
        expectRefusal(
            try Executable.run(["score", "--model", model.path] + arguments, in: scratch),
            naming: ["--text", "--tokens"])
    }

    @Test("a data file without rows is refused", arguments: ["", "\n", "\n\n  \n"])
    func refusesEmptyData(text: String) throws {
        let scratch = try Scratch(), data = try scratch.file("empty.jsonl", text)
        expectRefusal(try train(data: data, in: scratch), naming: ["empty.jsonl"])
    }

    @Test(
        "a malformed line is refused with its number",
        arguments: [
            #"{"question": "What is 2 + 3?", "answer": "#, "[1, 2]", "5", #"{"question": "no answer"}"#,
            #"{"answer": "no question\n#### 5"}"#, #"{"question": 7, "answer": "7\n#### 7"}"#,
            #"{"question": "no marker", "answer": "five"}"#, "\u{0}\u{0}\u{0}",
        ])
    func refusesLine(line: String) throws {
        let scratch = try Scratch()
        let data = try scratch.file("rows.jsonl", [row, row, line, row].joined(separator: "\n") + "\n")
        expectRefusal(try train(data: data, in: scratch), naming: ["rows.jsonl:3"])
    }

    @Test("a data file that is not there, or is a folder, is refused")
    func refusesUnreadableData() throws {
        let scratch = try Scratch()
        expectRefusal(try train(data: scratch.path("nowhere.jsonl"), in: scratch), naming: ["nowhere.jsonl"])
        let other = try Scratch()
        expectRefusal(try train(data: other.folder.path, in: other), naming: [other.folder.lastPathComponent])
    }

    @Test("a question longer than the context is refused")
    func refusesLongQuestion() throws {
        let scratch = try Scratch(), question = String(repeating: "2 + ", count: 100) + "2?"
        let data = try scratch.file("long.jsonl", "{\"question\": \"\(question)\", \"answer\": \"#### 202\"}\n")
        expectRefusal(try train(data: data, context: 128, in: scratch), naming: ["128"])
    }

    @Test("an output folder that cannot be made is refused before any work")
    func refusesOutput() throws {
        let scratch = try Scratch(), file = try scratch.file("occupied", "a file")
        // Below a file no folder can be made, not even by a superuser.
        expectRefusal(try train(output: file + "/run", in: scratch), naming: ["occupied"])
    }

    @Test("an output that is a file is refused and left alone")
    func refusesOutputFile() throws {
        let scratch = try Scratch(), file = try scratch.file("occupied", "a file")
        expectRefusal(try train(output: file, in: scratch), naming: ["occupied"])
        #expect(try String(contentsOfFile: file, encoding: .utf8) == "a file")
    }

    @Test("an adapter that is not one is refused")
    func refusesAdapter() throws {
        let scratch = try Scratch(), model = try scratch.model()
        let empty = try scratch.file("empty.safetensors", ""), text = try scratch.file("text.safetensors", "hello")
        for adapter in [empty, text, model.weights.path, scratch.path("nowhere.safetensors")] {
            let outcome = try Executable.run(
                ["score", "--model", model.path, "--adapter", adapter, "--tokens", "1,2,3", "--json"], in: scratch)
            expectRefusal(outcome, naming: [URL(fileURLWithPath: adapter).lastPathComponent])
        }
    }
}
