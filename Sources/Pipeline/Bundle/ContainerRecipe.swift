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

    /// Debian's image by its digest, as not every builder takes a tag with it; its packages are older than the snapshot's.
    private static let base = "debian@sha256:90522eeb7e5923ee2b871c639059537b30521272f10ca86fdbbbb2b75a8c40cd"
    private static let baseTag = "debian:bookworm-20250520-slim"
    /// Packages are taken as they stood on that day: `packaging/packages.lock` has their versions.
    private static let snapshot = "20260801T000000Z"
    private static let package = "lavise-pipeline_\(PipelineVersion.text)_amd64.deb"

    private static let install = """
        echo 'deb [check-valid-until=no] http://snapshot.debian.org/archive/debian/\(snapshot)/ bookworm main' > /etc/apt/sources.list
        rm -f /etc/apt/sources.list.d/debian.sources
        export DEBIAN_FRONTEND=noninteractive
        apt-get update -q
        apt-get dist-upgrade -y -q --no-install-recommends
        apt-get install -y -q --no-install-recommends ca-certificates /tmp/\(package)
        rm -rf /var/lib/apt/lists/* /tmp/\(package)
        """

    private static var dockerfile: String {
        """
        # make package; docker build -t lavise-pipeline -f packaging/Dockerfile .build/package
        # docker run --user "$(id -u):$(id -g)" -v "$PWD:/project" lavise-pipeline run demo
        # \(baseTag)
        FROM \(base)
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
        # From \(baseTag)
        Bootstrap: docker
        From: \(base)

        %files
            .build/package/\(package) /tmp/\(package)

        %post
            \(install.replacing("\n", with: "\n    "))

        %runscript
            exec lavise-pipeline "$@"

        """
    }
}
