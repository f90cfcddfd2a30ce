/// Recipes of a machine that runs this program: `packaging/` has the same files.
public enum ContainerRecipe {
    /// A recipe as a file.
    public struct File: Sendable {
        /// As the tool looks for it, or asks for it by its ending.
        public let name: String
        /// All of the file.
        public let text: String
    }

    /// For Docker and for Apptainer: both install this version's Debian package on Debian 12.
    public static var files: [File] {
        [File(name: "Dockerfile", text: dockerfile), File(name: "lavise-pipeline.def", text: definition)]
    }

    /// Packages are taken as they stood on that day.
    private static let snapshot = "20260801T000000Z"
    private static let package = "lavise-pipeline_\(PipelineVersion.text)_amd64.deb"

    private static let install = """
        echo 'deb [check-valid-until=no] http://snapshot.debian.org/archive/debian/\(snapshot)/ bookworm main' > /etc/apt/sources.list
        rm -f /etc/apt/sources.list.d/debian.sources
        apt-get update -q
        apt-get install -y -q --no-install-recommends ca-certificates /tmp/\(package)
        rm -rf /var/lib/apt/lists/* /tmp/\(package)
        """

    private static var dockerfile: String {
        """
        # make package; docker build -t lavise-pipeline -f packaging/Dockerfile .build/package
        # docker run -v "$PWD:/project" lavise-pipeline run demo
        FROM debian:bookworm-slim
        COPY \(package) /tmp/
        RUN \(install.replacing("\n", with: " && \\\n    "))
        WORKDIR /project
        ENTRYPOINT ["lavise-pipeline"]

        """
    }

    private static var definition: String {
        """
        # make package; apptainer build lavise-pipeline.sif packaging/lavise-pipeline.def
        # apptainer run --bind "$PWD" lavise-pipeline.sif run demo
        Bootstrap: docker
        From: debian:bookworm-slim

        %files
            .build/package/\(package) /tmp/\(package)

        %post
            \(install.replacing("\n", with: "\n    "))

        %runscript
            exec lavise-pipeline "$@"

        """
    }
}
