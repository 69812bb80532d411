public import Foundation

/// Where this user's caches are.
public enum CacheDirectory {
    /// `$TINYLORA_CACHE`, else `$XDG_CACHE_HOME/tinylora`, else `~/.cache/tinylora`.
    ///
    /// - Parameter environment: Variables; empty ones count as unset.
    /// - Returns: `nil` when none of the variables is set and there is no home directory.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> String? {
        func variable(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
        return variable("TINYLORA_CACHE")
            ?? variable("XDG_CACHE_HOME").map { $0 + "/tinylora" }
            ?? variable("HOME").map { $0 + "/.cache/tinylora" }
    }
}
