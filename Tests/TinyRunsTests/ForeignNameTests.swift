import Testing
import TinyFoundation
import TinyRecords
import TinyRuns

/// Hints for people who know other programs.
@Suite("Names of other programs") struct ForeignNameTests {
    @Test("lead to settings that exist, and are none themselves")
    func table() {
        let own = Set(TrainingConfiguration.keys)
        #expect(ForeignName.keys.subtracting(own) == [])
        #expect(own.intersection(ForeignName.names) == [])
        #expect(!ForeignName.names.contains("base"))
        for name in ForeignName.names {
            #expect(name == name.lowercased() && !name.contains("-"), "\(name) is looked up in small letters with _")
        }
    }

    @Test("are told in a recipe and by --set", arguments: ["lr", "r", "max_new_tokens", "kl_coef", "num_epochs"])
    func unknownKey(name: String) throws {
        let key = try #require(ForeignName(name)?.key)
        let recipe = try Recipe(text: "\(name): 1", path: "recipe.yaml")
        let error = #expect(throws: RunError.self) { try recipe.configuration() }
        #expect(error?.message == "recipe.yaml:1: \"\(name)\" is not a setting")
        #expect(error?.hint == "the setting is called \(key) here")
    }

    @Test(
        "that stand for something else are explained",
        arguments: [
            ("per_device_train_batch_size", "problems_per_step"), ("gradient_accumulation_steps", "problems_per_step"),
            ("generation_batch_size", "problems_per_step"), ("reward_funcs", "grader"), ("use_vllm", "--sampler"),
            ("output_dir", "--output"), ("warmup_ratio", "warmup_steps"), ("Batch-Size", "problems_per_step"),
        ])
    func sentence(name: String, word: String) throws {
        let found = try #require(ForeignName(name))
        #expect(found.key == nil && found.hint.contains(word), "\(found.hint)")
    }

    @Test("leave misspelt ones of ours to the nearest")
    func nearest() throws {
        #expect(ForeignName("learning_rat") == nil)
        let error = #expect(throws: RunError.self) {
            try Recipe(text: "learning_rat: 1", path: "recipe.yaml").configuration()
        }
        #expect(error?.hint == "did you mean \"learning_rate\"?")
    }
}
