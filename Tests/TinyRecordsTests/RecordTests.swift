import Testing
import TinyRecords
import TinyFoundation

/// Records survive being written and read, to the last bit.
@Suite struct RecordTests {
    @Test("numbers come back with the same bits, whatever their pattern")
    func floatsRoundTrip() throws {
        var stream = RandomStream(.sampling, seed: 11)
        var values: [Float] = [
            0, -0.0, 0.1, .leastNonzeroMagnitude, -.greatestFiniteMagnitude, 1 / 3, 1e-8, 16_777_215,
        ]
        while values.count < 20_000 {
            let value = Float(bitPattern: stream.next())
            if value.isFinite { values.append(value) }
        }
        let record = TrainingState(parameters: values, firstMoment: [], secondMoment: [], updates: 0)
        let read = try TrainingState(json: record.jsonLine())
        for (written, back) in zip(values, read.parameters) where written.bitPattern != back.bitPattern {
            Issue.record("\(written) came back as \(back)")
        }
        #expect(read.parameters.count == values.count)
    }

    @Test("double-precision metrics come back with the same bits")
    func doublesRoundTrip() throws {
        var stream = RandomStream(.sampling, seed: 12)
        for _ in 0..<2_000 {
            let pattern = UInt64(stream.next()) << 32 | UInt64(stream.next())
            let value = Double(bitPattern: pattern)
            guard value.isFinite else { continue }
            let record = EvaluationTime(seconds: value, tokensPerSecond: -value)
            let read = try EvaluationTime(json: record.jsonLine())
            #expect(read.seconds.bitPattern == value.bitPattern, "\(value)")
        }
    }

    @Test("a step is one line whose metrics stand beside its number, in the order of the alphabet")
    func stepLine() throws {
        let line = try step.jsonLine()
        #expect(!line.contains("\n"))
        #expect(
            line
                == #"{"clip_ratio/high_max":0,"clip_ratio/high_mean":0,"clip_ratio/low_mean":0,"clip_ratio/low_min":0,"clip_ratio/region_mean":0,"#
                + #""completions/clipped_ratio":0,"completions/max_length":0,"completions/max_terminated_length":0,"#
                + #""completions/mean_length":0,"completions/mean_terminated_length":0,"completions/min_length":0,"#
                + #""completions/min_terminated_length":0,"entropy":0,"epoch":0,"frac_differentiated":0,"#
                + #""frac_reward_zero_std":0,"grad_norm":0,"kl":0.5,"learning_rate":0,"loss":0,"num_generated_tokens":0,"#
                + #""num_tokens":0,"policy_loss":0,"reward":0.25,"reward_std":0,"rewards/answered/mean":0,"rewards/answered/std":0,"rewards/lenient/mean":0,"rewards/lenient/std":0,"#
                + #""rewards/strict/mean":0,"rewards/strict/std":0,"sampling/importance_sampling_ratio/max":1,"#
                + #""sampling/importance_sampling_ratio/mean":1,"sampling/importance_sampling_ratio/min":1,"#
                + #""sampling/sampling_logp_difference/max":0,"sampling/sampling_logp_difference/mean":0,"#
                + #""state":{"first_moment":[0.5],"parameters":[0.1],"second_moment":[0.25],"updates":3},"step":3,"#
                + #""time":{"rollout_seconds":1,"seconds":2,"tokens_per_second":10,"training_seconds":0.5}}"#)
        #expect(try StepRecord(json: line) == step)
    }

    @Test("every other record survives being written and read")
    func othersSurvive() throws {
        let sample = SampleRecord(
            step: 1, problem: "p/1", sample: 2, question: "1 \"+\" 1\n?", answer: "2", completion: "é\u{2028}",
            extracted: nil,
            strict: false, lenient: true, reward: 0.25, advantage: -0.5, tokens: 7, stop: "endOfText")
        #expect(try SampleRecord(json: sample.jsonLine()) == sample)
        #expect(try sample.jsonLine().split(separator: "\n").count == 1)
        var stateless = step
        stateless.state = nil
        #expect(try StepRecord(json: stateless.jsonLine()) == stateless)
        var evaluation = EvaluationRecord(
            step: nil, problemSet: "held-out", problems: 100, samplesPerProblem: 1, strict: 0.5, interval: [0.4, 0.6],
            lenient: 0.625, lenientInterval: [0.5, 0.75], wellFormed: 90, truncated: 3, meanCompletionLength: 20.5,
            tokens: 2050,
            time: EvaluationTime(seconds: 1, tokensPerSecond: 2050))
        #expect(try EvaluationRecord(json: evaluation.jsonLine()) == evaluation)
        #expect(try !evaluation.jsonLine().contains("loss"))
        evaluation.loss = 0.75
        #expect(try EvaluationRecord(json: evaluation.jsonLine()) == evaluation)
        var validation = evaluation
        validation.split = .validation
        validation.outcomes = "0110"
        #expect(try EvaluationRecord(json: validation.jsonLine()) == validation)
        #expect(try validation.jsonLine().contains(#""split":"validation""#))
        let answer = EvaluationSampleRecord(
            step: 0, problem: "p/1", question: "?", answer: "2", completion: "two\n", extracted: "2", strict: true)
        #expect(try EvaluationSampleRecord(json: answer.jsonLine()) == answer)
        let failure = FailureRecord(error: "killed", hint: "memory", step: 3, exit: "SIGKILL")
        #expect(try FailureRecord(json: failure.jsonLine()) == failure)
        #expect(try RunManifest(json: manifest.jsonDocument()) == manifest)
    }

    @Test("a number that JSON cannot hold is refused and named")
    func refusesInfinity() throws {
        var broken = step
        broken.state?.parameters = [.infinity]
        let error = try #require(throws: RecordsError.self) { try broken.jsonLine() }
        #expect(error.message == "state.parameters.0 is inf, which JSON cannot hold")
    }

    @Test("manifests differ only by what changes numbers")
    func manifestDifferences() throws {
        var other = manifest
        other.created = "later"
        other.machine.threads = 8
        other.model.name = "renamed"
        #expect(manifest.firstDifference(from: other) == nil)
        other.datasets["train"] = Fingerprint(name: "b.jsonl", content: "ffffffffffffffff")
        let difference = try #require(manifest.firstDifference(from: other))
        #expect(difference.key == "datasets.train")
        #expect(difference.mine == "a.jsonl (0123456789ab)" && difference.theirs == "b.jsonl (ffffffffffff)")
    }

    @Test(
        "the servers of a record that names their protocol only may be of any software that speaks it",
        arguments: [
            ("vLLM", "vllm", "vllm"), ("tinylora", "vllm", "vllm"), ("llama.cpp", "vllm", "llama.cpp"),
            ("llama.cpp, vLLM", "vllm", "llama.cpp, vLLM"), (nil, "vllm", nil), ("tinylora", "vLLM", "tinylora"),
            ("vLLM", nil, "vLLM"), ("llama.cpp, tinylora", "llama.cpp vllm", "llama.cpp vllm"),
            ("tinylora", "llama.cpp vllm", "tinylora"), ("tinylora, vLLM", "vllm", "vllm"),
            ("llama.cpp", "llama.cpp", "llama.cpp"),
        ] as [(String?, String?, String?)])
    func olderSampler(name: String?, recorded: String?, compared: String?) {
        #expect(ServerSoftware.name(name, resuming: recorded) == compared)
    }

    private var step: StepRecord {
        var metrics = StepMetrics()
        metrics.rollout = RolloutMetrics()
        metrics.rollout?.reward = 0.25
        metrics.policy = PolicyMetrics()
        metrics.policy?.divergence = 0.5
        return StepRecord(
            step: 3, metrics: metrics,
            state: TrainingState(parameters: [0.1], firstMoment: [0.5], secondMoment: [0.25], updates: 3),
            time: StepTime(seconds: 2, rolloutSeconds: 1, trainingSeconds: 0.5, tokensPerSecond: 10))
    }

    private var manifest: RunManifest {
        RunManifest(
            version: "0.1.0", created: "2026-01-01T00:00:00Z",
            model: Fingerprint(name: "abacus", content: "abcdef0123456789"),
            datasets: ["train": Fingerprint(name: "a.jsonl", content: "0123456789abcdef")], plan: "13 parameters",
            trainedParameters: 13, schemes: ["stream": "1"], seed: 1,
            machine: MachineRecord(
                system: "Linux", architecture: "x86_64", processors: 2, threads: 2, instructions: "avx2"))
    }
}
