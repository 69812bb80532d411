import ArgumentParser
import Foundation
import TinyLoRA

/// Measures accuracy.
struct EvalCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "eval",
        abstract: "Measures how many problems a model answers correctly, with 95 % confidence intervals.",
        discussion: """
            Strict counts answers in the requested format (after ####, in \\boxed{}), lenient counts them anywhere in the \
            completion: published gains often mix the two. With --samples, mean@k is the mean over all samples, maj@k counts \
            problems whose most frequent answer is correct, and pass@k is an unbiased estimate of the probability that \
            at least one of k samples is.

            Problem sets: \(Benchmark.registry.names.joined(separator: ", ")) in --data, and abacus. \
            --benchmarks adds more from a file. A model with a chat template gets its prompts as chat messages.

            --output saves every prompt, completion and grade as soon as it exists; --resume continues an interrupted \
            evaluation and gives the same bytes; --compare compares two evaluations problem by problem. Each directory may also \
            be that of a training run, whose evaluation after the last step is taken.

            EXAMPLES
              The untrained model in the box on its held-out problems:
                tinylora eval
              With an adapter:
                tinylora eval --adapter runs/demo/adapter.safetensors
              The same in float32, whatever the model and the adapter suggest:
                tinylora eval --adapter runs/demo/adapter.safetensors --arithmetic float32
              Your own model on published sets:
                tinylora eval --model Qwen/Qwen2.5-0.5B-Instruct --on gsm8k,math500,aime24 --data data --output evals/base
              Eight samples per problem:
                tinylora eval --model Qwen/Qwen2.5-0.5B-Instruct --on aime24 --data data --samples 8 --temperature 0.7
              Your own problem file:
                tinylora eval --model DIR --problems school.jsonl --fields question=prompt,answer=target
              With a vLLM server that holds the model:
                tinylora eval --model DIR --on gsm8k --data data --sampler http://127.0.0.1:8000
              Before and after training:
                tinylora eval --compare evals/base evals/trained
              Two training runs after their last steps:
                tinylora eval --compare runs/grpo runs/sft
            """)

    @OptionGroup var model: ModelOptions
    @OptionGroup var problemOptions: EvaluatedProblemOptions
    @Option(parsing: .unconditional, help: "Completions per problem; more than one needs --temperature.")
    var samples = 1
    @OptionGroup var sampling: SamplingOptions
    @OptionGroup(title: "Engines in other processes") var servers: SamplerOptions
    @Option(help: ArgumentHelp("Directory for every sample and the results.", valueName: "dir"), transform: path)
    var output: String?
    @Flag(help: "Resume the evaluation in --output.")
    var resume = false
    @Option(
        parsing: .upToNextOption,
        help: ArgumentHelp(
            "Only compare two directories of evaluations or training runs.", valueName: "before after"),
        transform: path)
    var compare: [String] = []
    @Flag(help: "Print the result as JSON.")
    var json = false

    func validate() throws {
        guard compare.isEmpty || compare.count == 2 else {
            throw ValidationError("--compare needs two directories, has \(compare.count)")
        }
        guard !resume || output != nil else {
            throw ValidationError("--resume needs --output, the directory of the evaluation")
        }
        try sampling.check(samples: samples)
        guard servers.sampler.isEmpty || model.adapter == nil || output != nil else {
            throw ValidationError("--sampler with --adapter needs --output: the servers read the adapter there")
        }
        try problemOptions.check()
    }

    func run() async throws {
        let console = Console(json: json)
        if !compare.isEmpty { return try showComparison(before: compare[0], after: compare[1], on: console) }
        let asked = try problemOptions.resolved()
        let (loaded, adapter, engine) = try model.open(console)
        let remote = try servers.remote(console)
        guard !remote.samplers.isEmpty else {
            return try await measure(asked, by: loaded, engine, adapter: adapter, on: console)
        }
        let sampler = try await loaded.servers(remote, judge: engine, adaptersIn: (output ?? ".") + "/served")
        do {
            try await measure(asked, by: loaded, sampler, adapter: adapter, on: console)
        } catch {
            await sampler.close()
            throw error
        }
        await sampler.close()
    }

    private func measure(
        _ asked: EvaluatedProblems, by loaded: LoadedModel, _ sampler: any Sampler,
        adapter: ModelOptions.OpenedAdapter?, on console: Console
    ) async throws {
        let parameters = sampling.parameters(
            stopTokens: loaded.stopTokens, mostTokens: loaded.isAbacus ? 128 : 1024)
        let problems = try await asked.choosingStyles(
            for: loaded, sampler, adapter: adapter?.file.values, sampling: parameters, seed: sampling.seed
        ) { style, progress in
            console.progress("trying prompt style \(style)  \(progress.finished)/\(progress.total) answered")
        }
        let run = try EvaluationRun(
            of: problems, by: loaded, sampler, adapter: adapter, sampling: parameters, samplesPerProblem: samples,
            seed: sampling.seed, in: output, isResuming: resume)
        introduce(run, on: console)
        if let name = run.manifest.sampler { console.say("sampler    \(name)") }
        console.say("adapter    \(adapter?.file.design.description ?? "none")")
        var results: [EvaluationResult] = []
        for part in run.parts {
            // Without a directory the results are only on standard output.
            if output == nil { try StandardOutput.check() }
            let result = try await evaluate(part, of: run, named: part.set.name, on: console)
            show(result, of: part, on: console)
            results.append(result)
        }
        let (report, directory) = try run.finish(results)
        if let directory { console.say("records    \(directory)") }
        try console.result(report)
    }
}
