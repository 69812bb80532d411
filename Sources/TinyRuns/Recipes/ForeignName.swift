/// What other programs call our settings: TRL, PEFT, transformers, vLLM, verl, OpenRLHF. One table, for hints only: no such name is
/// read.
///
/// ```swift
/// ForeignName("lr")?.hint             // "the setting is called learning_rate here"
/// ForeignName("use_vllm")?.hint       // "the flag --sampler URL samples with a vLLM server; …"
/// ```
///
/// A name that is spelt as one of ours has no place here, nor has one that is as good as ours but for a letter: the nearest
/// setting is found without a table.
public struct ForeignName: Sendable {
    /// The one setting that it names; `nil` where the sentence says more.
    public let key: String?
    /// What to write instead, as a sentence.
    public let hint: String

    /// Looks a name up, written with `_` or `-`; `nil` for one that nobody here knows.
    public init?(_ name: String) {
        guard let meaning = Self.meanings[name.lowercased().replacing("-", with: "_")] else { return nil }
        switch meaning {
        case .key(let name):
            key = name
            hint = "the setting is called \(name) here"
        case .sentence(_, let text):
            key = nil
            hint = text
        }
    }

    /// Every setting that the table speaks of.
    package static var keys: Set<String> {
        Set(
            meanings.values.flatMap { meaning in
                switch meaning {
                case .key(let key): [key]
                case .sentence(let keys, _): keys
                }
            })
    }

    /// Every name in the table.
    package static var names: [String] { meanings.keys.sorted() }

    private enum Meaning {
        /// The same thing under another name.
        case key(String)
        /// Something else, in which these settings occur.
        case sentence([String], String)
    }

    private static let meanings: [String: Meaning] = {
        var meanings: [String: Meaning] = [:]
        for (key, names) in namesOfKeys {
            for name in names.split(separator: " ") { meanings[String(name)] = .key(key) }
        }
        for (names, keys, text) in sentences {
            for name in names.split(separator: " ") { meanings[String(name)] = .sentence(keys, text) }
        }
        return meanings
    }()

    /// Our keys with the names that others have for them.
    private static let namesOfKeys: [(key: String, names: String)] = [
        ("adam_beta1", "beta1"),
        ("adam_beta2", "beta2"),
        ("adam_epsilon", "adam_eps optimizer_eps"),
        ("advantage_estimator", "adv_estimator advantage"),
        ("beta", "kl_coef kl_coeff kl_weight kl_beta kl_loss_coef kl_penalty_coef init_kl_coef init_kl_coeff"),
        ("checkpoint_steps", "save_steps save_freq save_interval checkpoint_interval"),
        ("dynamic_sampling", "filter_groups dynamic_filtering"),
        ("epsilon", "clip_range cliprange clip_ratio clip_eps clip_epsilon eps_clip epsilon_low"),
        ("epsilon", "clip_ratio_low eps_clip_low"),
        ("epsilon_high", "clip_ratio_high eps_clip_high clip_high"),
        ("eval", "eval_dataset eval_file eval_data test test_dataset test_file test_data val_files"),
        ("eval_problems", "max_eval_samples eval_samples"),
        ("eval_steps", "eval_interval eval_freq eval_every test_freq"),
        ("examples_per_step", "sft_batch_size"),
        ("importance_sampling_clip_max", "vllm_importance_sampling_cap vllm_importance_sampling_clip_max"),
        ("importance_sampling_clip_min", "vllm_importance_sampling_clip_min"),
        ("importance_sampling_correction", "vllm_importance_sampling_correction vllm_importance_sampling_mode"),
        ("initial_adapter", "adapter adapter_path adapter_name_or_path lora_path"),
        ("kl_estimator", "kl_loss_type kl_type kl_estimator_type"),
        ("learning_rate", "lr actor_learning_rate"),
        ("lora_alpha", "alpha"),
        ("lr_scheduler_type", "lr_scheduler lr_schedule scheduler scheduler_type schedule"),
        ("mask_truncated_completions", "overlong_filtering mask_truncated"),
        ("max_completion_length", "max_tokens max_new_tokens max_completion_tokens max_response_length"),
        ("max_completion_length", "response_length generate_max_len max_gen_len"),
        ("max_grad_norm", "grad_clip gradient_clipping clip_grad clip_grad_norm gradient_clip_val"),
        ("max_grad_norm", "max_gradient_norm"),
        ("max_length", "max_seq_length max_seq_len sequence_length cutoff_len block_size"),
        ("max_steps", "steps step num_steps n_steps total_steps train_steps training_steps"),
        ("max_steps", "total_training_steps"),
        ("model", "model_name_or_path model_name model_path base_model base_model_name_or_path pretrain"),
        ("num_generations", "group_size n n_samples num_samples num_return_sequences samples_per_prompt"),
        ("num_generations", "n_samples_per_prompt num_samples_per_prompt rollout_n completions_per_prompt"),
        ("num_iterations", "mu ppo_epochs num_ppo_epochs updates_per_batch"),
        ("num_train_epochs", "epochs epoch n_epochs num_epochs max_epochs total_epochs train_epochs"),
        ("parameters", "num_parameters trainable_parameters n_parameters"),
        ("population_size", "pop_size popsize population n_population"),
        ("prompt_style", "system_prompt prompt_template chat_template prompt_format"),
        ("rank", "r lora_r lora_rank lora_dim"),
        ("seed", "random_seed data_seed"),
        ("sigma", "sigma0 noise_std es_sigma"),
        ("soft_overlong_cache", "soft_punish_cache overlong_buffer_len"),
        ("stop_strings", "stop stop_words stop_sequences stop_texts"),
        ("target_modules", "lora_target_modules lora_target target_layers"),
        ("train", "train_dataset train_file train_files train_data dataset dataset_name dataset_path data"),
        ("train", "data_path"),
        ("validation", "validation_file validation_dataset validation_data"),
        ("warmup_steps", "lr_warmup_steps num_warmup_steps n_warmup_steps"),
        ("weight_decay", "wd"),
    ]

    /// Names of what is said in another way here, the settings that the answer speaks of, and the answer.
    private static let sentences: [(names: String, keys: [String], text: String)] = [
        (
            """
            batch_size batch per_device_train_batch_size per_device_batch_size train_batch_size rollout_batch_size \
            generation_batch_size global_batch_size mini_batch_size micro_batch_size ppo_mini_batch_size \
            gradient_accumulation_steps steps_per_generation prompts_per_step
            """, ["problems_per_step", "num_generations", "examples_per_step"],
            """
            a step makes one update with problems_per_step problems (--batch) of num_generations completions each, with sft \
            with examples_per_step solutions; it is never divided
            """
        ),
        (
            "per_device_eval_batch_size eval_batch_size eval_accumulation_steps", ["eval_problems"],
            "an evaluation has no batch size; eval_problems is the number of test problems"
        ),
        (
            "reward_funcs reward_func reward_function reward_fn reward_model reward_weights custom_reward_function",
            ["reward", "grader"],
            "the reward is a grade: reward chooses strict or lenient, grader the grader or a program of your own (command:…)"
        ),
        (
            """
            use_vllm vllm vllm_mode vllm_server_base_url vllm_server_host vllm_server_port vllm_gpu_memory_utilization \
            vllm_tensor_parallel_size sampler
            """, [], "the flag --sampler URL samples with a vLLM server; it is no setting of a recipe"
        ),
        ("learner", [], "the flag --learner URL names the process that learns; it is no setting of a recipe"),
        (
            "output_dir output out_dir save_dir save_path run_name logging_dir checkpoint_dir default_local_dir", [],
            "the flag --output names the directory of the run; it is no setting of a recipe"
        ),
        (
            "resume_from_checkpoint resume", [],
            "the flag --resume, with --output, resumes a run; it is no setting of a recipe"
        ),
        (
            "threads num_threads n_threads num_workers dataloader_num_workers", [],
            "the flag --threads sets the number of threads; it is no setting of a recipe, since it changes no result"
        ),
        (
            "warmup_ratio warmup lr_warmup_ratio warmup_fraction", ["warmup_steps", "max_steps"],
            "warmup_steps is the number of steps of the warm-up: the ratio times max_steps"
        ),
        (
            "bf16 fp16 fp32 dtype torch_dtype precision mixed_precision", ["arithmetic", "element_type"],
            """
            arithmetic chooses how the model computes (float32 or bfloat16), element_type how the trained numbers are \
            stored (bf16, fp16 or fp32)
            """
        ),
        (
            "optim optimizer optimizer_type", ["es_optimizer"],
            "the optimiser is AdamW; only openes has a choice, es_optimizer"
        ),
        (
            "adam_betas betas", ["adam_beta1", "adam_beta2"], "there are two settings, adam_beta1 and adam_beta2"
        ),
        (
            "weight_tying", ["tying"],
            "tying says which matrices share parameters; weight_tying w of M matrices is tying: peft:N with N = M (1 - w)"
        ),
        (
            "max_prompt_length prompt_length max_prompt_len", ["max_completion_length"],
            "prompts are never cut: a prompt must leave space for max_completion_length tokens in the model's context"
        ),
        (
            "min_p repetition_penalty presence_penalty frequency_penalty typical_p top_a",
            ["temperature", "top_k", "top_p"], "sampling has temperature, top_k and top_p only"
        ),
        (
            "lora_dropout dropout attention_dropout", [], "there is no dropout"
        ),
        (
            "use_peft peft_config peft_type use_lora", ["method", "parameters", "rank"],
            "method chooses what is trained: tinylora (with parameters), lora, lora-xs (with rank) or full"
        ),
        (
            "eval_strategy evaluation_strategy do_eval", ["eval_steps"],
            "eval_steps sets the steps between evaluations; without it they are before and after training"
        ),
        (
            "save_strategy save_total_limit save_only_model", ["checkpoint_steps"],
            "every step of a small adapter is saved; checkpoint_steps is for large ones"
        ),
        (
            "logging_steps log_interval logging_strategy report_to wandb_project", [],
            "every step is recorded in steps.jsonl of the run's directory; `tinylora report` draws it"
        ),
        (
            "gradient_checkpointing use_gradient_checkpointing offload deepspeed fsdp", [],
            "there is no such setting: the work is divided to fit the memory, which changes no result"
        ),
    ]
}
