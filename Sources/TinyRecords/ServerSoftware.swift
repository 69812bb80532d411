/// Names of the software of servers that sample, as records have them.
public enum ServerSoftware {
    /// What older versions called every server of vLLM's protocol, such as `tinylora serve`. None is called so any more, so that
    /// reports do not take their runs for those of one software.
    public static let anyOfProtocol = "vllm"

    /// The name that is compared with a record's which is to be resumed: any server of the protocol may be the one that an older
    /// version did not name.
    ///
    /// - Parameters:
    ///   - name: What samples now; `nil` for this process.
    ///   - recorded: What the record says.
    public static func name(_ name: String?, resuming recorded: String?) -> String? {
        guard let recorded, let name else { return name }
        // Older versions joined several names by spaces alone, and had no others than these two.
        let old = Set(recorded.split(separator: " ").map(String.init))
        guard old.contains(anyOfProtocol), old.isSubset(of: [anyOfProtocol, llamaCpp]) else { return name }
        let new = Set(name.split(separator: ", ").map { $0 == llamaCpp ? llamaCpp : anyOfProtocol })
        return new == old ? recorded : name
    }

    /// What servers of llama.cpp are called, now as before.
    public static let llamaCpp = "llama.cpp"
}
